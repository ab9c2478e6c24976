# SPDX-License-Identifier: Apache-2.0
"""Executes a Jupyter notebook with injected parameters, cell by cell.

One JSON object on standard input says what to do: `notebook`, `output`, `parameters`, `folder`, `timeout` (seconds or
null), `kernel` (a name or null). One JSON object a line on standard output says what happens. The executed copy goes to
`output` also when a cell fails. Parameters stand where papermill puts them: in place of the cell tagged
`injected-parameters`, else behind the one tagged `parameters`, else in front. No times are written, so that the same
notebook with the same results is the same file.
"""

import json
import os
import signal
import sys
import threading
import time

events = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # what libraries print is no event
lock = threading.Lock()


def say(event, **facts):
    with lock:
        events.write(json.dumps({"event": event, **facts}) + "\n")
        events.flush()


def refuse(code, why):
    say("refused", code=code, why=why)
    sys.exit(1)


def stop(*_):
    raise SystemExit(130)


def watch(parent):
    """Ends this program when the one that started it is gone."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
threading.Thread(target=watch, args=(os.getppid(),), daemon=True).start()

try:
    import nbformat
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
except ImportError as error:
    refuse("packages", "the package `%s` is missing" % (error.name or error))


def literal(value):
    """A value as Python writes it, infinities and NaN included."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return "float('%s')" % value
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join("%r: %s" % (key, literal(item)) for key, item in value.items()) + "}"
    return repr(value)


def tagged(cells, tag):
    return next((i for i, cell in enumerate(cells) if tag in cell.metadata.get("tags", [])), None)


def inject(notebook, parameters):
    source = "# Parameters\n" + "".join("%s = %s\n" % (key, literal(value)) for key, value in parameters.items())
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["injected-parameters"]})
    if (notebook.nbformat, notebook.nbformat_minor) >= (4, 5):
        # Not by chance: the same notebook with the same parameters is the same file.
        names, cell.id = {other.get("id") for other in notebook.cells}, "injected-parameters"
        while cell.id in names and tagged(notebook.cells, "injected-parameters") is None:
            cell.id += "-"
    else:
        cell.pop("id", None)
    old = tagged(notebook.cells, "injected-parameters")
    place = tagged(notebook.cells, "parameters")
    if old is not None:
        notebook.cells[old] = cell
    else:
        notebook.cells.insert(0 if place is None else place + 1, cell)
    notebook.metadata.setdefault("papermill", {})["parameters"] = parameters


def kernel_name(notebook, wanted):
    spec = notebook.metadata.get("kernelspec", {})
    language = spec.get("language") or notebook.metadata.get("language_info", {}).get("name") or "python"
    name = wanted or spec.get("name") or "python3"
    known = KernelSpecManager().find_kernel_specs()
    if name in known:
        return name, language
    if wanted is None and language == "python" and "python3" in known:
        if name != "python3":
            say("note", text="kernel `%s` is not installed; `python3` of %s runs it" % (name, sys.executable))
        return "python3", language
    if language == "python" and "python3" not in known:
        refuse("packages", "the package `ipykernel` is missing")
    refuse("kernel", "there is no kernel `%s`, only %s" % (name, ", ".join("`%s`" % k for k in sorted(known))))


def save(notebook, path):
    """The whole file under its name, or the old one."""
    temporary = os.path.join(os.path.dirname(path) or ".", ".%s.%d.tmp" % (os.path.basename(path), os.getpid()))
    text = nbformat.writes(notebook)
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text if text.endswith("\n") else text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


class Client(NotebookClient):
    """Says which cell runs and what it prints."""

    def process_message(self, msg, cell, cell_index):
        if msg["msg_type"] == "stream":
            say("text", text=msg["content"]["text"])
        return super().process_message(msg, cell, cell_index)


def main():
    request = json.load(sys.stdin)
    try:
        notebook = nbformat.read(request["notebook"], as_version=4)
    except Exception as error:
        refuse("notebook", str(error).splitlines()[0] if str(error) else type(error).__name__)
    name, language = kernel_name(notebook, request["kernel"])
    if request["parameters"]:
        if language.lower() not in ("python", "ipython"):
            refuse("kernel", "its language is %s, and parameters can be set in Python only" % language)
        inject(notebook, request["parameters"])
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    codes = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code" and cell.source.strip()]
    order = {index: number for number, index in enumerate(codes, start=1)}

    def began(cell, cell_index):
        if cell_index in order:
            say("cell", number=order[cell_index], count=len(codes))

    client = Client(
        notebook,
        kernel_name=name,
        timeout=request["timeout"],
        record_timing=False,
        resources={"metadata": {"path": request["folder"]}},
        on_cell_start=began,
    )
    failure = None
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        failure = failed(error, notebook, order, request["timeout"])
    except BaseException:
        # Asked to stop, for which nbclient has handlers of its own, or broken: what was executed is kept.
        save(notebook, request["output"])
        raise
    save(notebook, request["output"])
    say("failed", **failure) if failure else say("done", cells=len(codes))
    sys.exit(1 if failure else 0)


def failed(error, notebook, order, timeout):
    """What failed: the first cell with an error, else the last one that was begun."""
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error" and isinstance(error, CellExecutionError):
                return {
                    "number": order.get(index, 0), "source": cell.source, "name": output.ename,
                    "value": output.evalue, "trace": output.traceback,
                }
    begun = [i for i in order if notebook.cells[i].get("execution_count") is None] or list(order)
    name = "Timeout" if isinstance(error, CellTimeoutError) else "DeadKernel"
    value = "it ran longer than %s s" % timeout if name == "Timeout" else "the kernel died"
    return {
        "number": order[begun[0]], "source": notebook.cells[begun[0]].source, "name": name, "value": value,
        "trace": [],
    }


main()
