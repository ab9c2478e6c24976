# SPDX-License-Identifier: Apache-2.0
"""Makes the event files of this folder with the real tensorboard 2.21 and tensorboardX 2.6.

    python -m venv /tmp/venv
    /tmp/venv/bin/pip install tensorboard==2.21.0 tensorboardX==2.6.5 pillow
    /tmp/venv/bin/python Tests/TransferTests/Fixtures/tensorboard-2.21/make.py
"""

import io
import pathlib
import shutil
import socket

import numpy as np
from PIL import Image
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from tensorboard.plugins.hparams import summary_v2 as hparams
from tensorboard.plugins.scalar import metadata as scalar_metadata
from tensorboard.plugins.text import metadata as text_metadata
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util import tensor_util
from tensorboardX import SummaryWriter

here = pathlib.Path(__file__).resolve().parent
# Names of event files carry the machine's.
socket.gethostname = lambda: "host"
start = 1_700_000_000


def simple(folder: pathlib.Path) -> None:
    """Scalars as most writers have them, and the other kinds beside them."""
    with SummaryWriter(str(folder)) as writer:
        for step in range(4):
            writer.add_scalar("loss/train", 1 / (step + 1), step, walltime=start + step)
        writer.add_scalar("odd", float("nan"), 0, walltime=start)
        writer.add_scalar("odd", float("inf"), 1, walltime=start + 1)
        writer.add_scalar("accuracy (test) [%]", 75.0, 3, walltime=start + 3)
        writer.add_text("notes", "two\nlines", 2, walltime=start + 2)
        writer.add_image("grid/input", np.full((3, 2, 4), 0.5), 1, walltime=start + 1)
        writer.add_histogram("weights", np.arange(10), 0, walltime=start)
        writer.add_hparams({"lr": 0.1, "layers": 3, "norm": True, "kind": "mlp"}, {"best": 0.9}, name="tried")


def tensors(folder: pathlib.Path) -> None:
    """Everything as tensors, as TensorFlow 2 writes it; the metadata stands only with the first value of a tag."""
    writer = EventFileWriter(str(folder))

    def add(tag, data, step, metadata=None, dtype=None):
        value = summary_pb2.Summary.Value(tag=tag, tensor=tensor_util.make_tensor_proto(data, dtype=dtype))
        if metadata:
            value.metadata.CopyFrom(metadata)
        writer.add_event(
            event_pb2.Event(wall_time=start + step, step=step, summary=summary_pb2.Summary(value=[value]))
        )

    scalar = scalar_metadata.create_summary_metadata("display", "description")
    add("epoch_loss", np.float32(0.5), 0, scalar)
    add("epoch_loss", np.float32(0.25), 1)
    add("wide", np.float64(1e300), 1, scalar)
    add("whole", np.int64(2**53), 1, scalar)
    add("remark", "hello", 1, text_metadata.create_summary_metadata("display", "description"))
    png = io.BytesIO()
    Image.new("RGB", (3, 2), "red").save(png, "png")
    add(
        "sample", [b"3", b"2", png.getvalue()], 1,
        image_metadata.create_summary_metadata("display", "description"),
    )
    started = hparams.hparams_pb({"units": 16, "dropout": 0.25, "optimizer": "adam"}, start_time_secs=start)
    ended = hparams._summary_pb(
        hparams.metadata.SESSION_END_INFO_TAG,
        plugin_data_pb2.HParamsPluginData(
            session_end_info=plugin_data_pb2.SessionEndInfo(
                status=api_pb2.Status.Value("STATUS_FAILURE"), end_time_secs=start + 60
            )
        ),
    )
    for summary in [started, ended]:
        writer.add_event(event_pb2.Event(wall_time=start, step=0, summary=summary))
    writer.close()


def main() -> None:
    shutil.rmtree(here / "logs", ignore_errors=True)
    simple(here / "logs/simple")
    tensors(here / "logs/deep/tensors")
    for file in sorted((here / "logs").rglob("*")):
        print(file.relative_to(here), file.stat().st_size)


if __name__ == "__main__":
    main()
