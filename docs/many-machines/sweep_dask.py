"""A sweep over the workers of a Dask cluster: each does one share of it, and the shares are put together.

    python sweep_dask.py results.csv scenario.yaml --over python.gil.interval=50us..100ms:log:20 --reps 100

Without DASK_SCHEDULER, two workers are started on this machine. On a cluster, all workers need `gilsim` and the folder.
"""

import os
import subprocess
import sys

from dask.distributed import Client, LocalCluster


def do_share(number, shares, folder, arguments):
    """One share, on whichever worker; one that was begun before goes on where it was."""
    part = os.path.join(folder, f"share-{number}.part")
    command = ["gilsim", "sweep", *arguments, "--shard", f"{number}/{shares}", "-j", "1", "-o", part]
    subprocess.run(command, check=True, cwd=folder)
    return part


def main():
    output, *arguments = sys.argv[1:]
    address = os.environ.get("DASK_SCHEDULER")
    cluster = address or LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with Client(cluster) as client:
        # Several shares a worker, so that a slow one holds nobody up.
        shares = 4 * len(client.scheduler_info()["workers"])
        folder = os.getcwd()
        futures = [client.submit(do_share, n + 1, shares, folder, arguments) for n in range(shares)]
        parts = client.gather(futures)
    # It also judges the expectations, and its exit code says what came of them.
    sys.exit(subprocess.run(["gilsim", "merge", *parts, "-o", output]).returncode)


if __name__ == "__main__":
    main()
