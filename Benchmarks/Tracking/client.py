# SPDX-License-Identifier: Apache-2.0
"""Logs a run as people do, and prints how long that took: wall and processor seconds.

client.py URI
"""

import sys
import time

import mlflow

mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("Default")
# The first call of a process sets up more than it sends.
with mlflow.start_run():
    mlflow.log_metrics({"warm": 1.0}, step=0)

wall, processor = time.perf_counter(), time.process_time()
with mlflow.start_run():
    mlflow.log_params({f"param_{number}": number for number in range(20)})
    for step in range(1000):
        mlflow.log_metrics({f"metric_{key}": step / (key + 1) for key in range(5)}, step=step)
print(time.perf_counter() - wall, time.process_time() - processor)
