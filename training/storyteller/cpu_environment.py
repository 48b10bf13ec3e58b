"""Settings that must be in the environment before torch loads; restarts Python once to set them.

glibc gives big buffers back to the kernel after every use, and the page faults then cost more than
the arithmetic; one thread is the default because a second core is often busy with something else.
"""

import os
import sys

SCRIPTS = ("train.py", "evaluate.py")
SETTINGS = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "8000000000",
    "MALLOC_TOP_PAD_": "268435456",
}

if os.environ.get("MALLOC_MMAP_MAX_") != "0" and os.path.basename(sys.argv[0]) in SCRIPTS:
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **SETTINGS})
