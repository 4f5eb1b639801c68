"""Build the virtual environment, once, from pyproject.toml and what is beside it (standard library only).

Two calls at the same time take turns; a call that finds the environment up to date returns at once.
"""

import hashlib
import os
import subprocess
import sys
import time

OLDEST = (3, 11)
INPUTS = ("pyproject.toml", "constraints.txt", os.path.join(".ci", "data-packages.txt"))
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def wanted_stamp(folder):
    """What the environment must have been made of: inputs, Python's version and the place it stands at."""
    digest = hashlib.sha256()
    for name in INPUTS:
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    # An environment cannot be moved: its scripts name their interpreter by its full path.
    return "{}.{} {} {}".format(sys.version_info[0], sys.version_info[1], digest.hexdigest(), folder)


def read(path):
    """The text of a small file, empty if there is none."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def version_of(python):
    """The (major, minor) that an interpreter says it is, None if it does not run."""
    try:
        out = subprocess.run([python, "-c", "import sys, pip; print(*sys.version_info[:2])"], capture_output=True)
    except OSError:
        return None
    words = out.stdout.split()
    return (int(words[0]), int(words[1])) if out.returncode == 0 and len(words) == 2 else None


def lock(path):
    """Hold an exclusive lock until this process ends; waits for another that holds it."""
    file = open(path, "w")  # noqa: SIM115  (kept open on purpose: closing it would give the lock away)
    try:
        import fcntl
    except ImportError:
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        print("waiting for another make that builds the environment", file=sys.stderr)
        fcntl.flock(file, fcntl.LOCK_EX)
    return file


def fail(message):
    print("make: " + message, file=sys.stderr)
    sys.exit(1)


def build(folder):
    python = os.path.join(folder, "bin", "python")
    if version_of(python) != sys.version_info[:2]:
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", folder], capture_output=True, text=True)
        if made.returncode != 0:
            fail(
                "python3 cannot make a virtual environment; install its venv module "
                "(Debian and Ubuntu: apt-get install python3-venv)\n" + made.stdout + made.stderr
            )
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    environment = dict(os.environ, PIP_ROOT_USER_ACTION="ignore")
    wanted = ["-c", os.path.join(ROOT, "constraints.txt"), "-e", ROOT + "[dev]"]
    data = ["--no-deps", "-r", os.path.join(ROOT, INPUTS[2])]
    for packages in (wanted, data):
        if subprocess.run(install + packages, env=environment).returncode != 0:
            fail("the packages could not be installed; is the package index reachable?")


def main():
    if sys.version_info[:2] < OLDEST:
        fail(
            "{} is Python {}.{}, tcakit needs {}.{} or newer; say make PYTHON=/path/to/newer/python3".format(
                sys.executable, sys.version_info[0], sys.version_info[1], OLDEST[0], OLDEST[1]
            )
        )
    folder = os.path.join(ROOT, sys.argv[1] if len(sys.argv) > 1 else ".venv")
    stamp = os.path.join(folder, "tcakit-stamp")
    wanted = wanted_stamp(folder)
    if read(stamp) == wanted:
        return
    # The lock stands beside the folder, since a rebuild clears the folder.
    held = lock(os.path.join(ROOT, ".venv.lock"))
    if read(stamp) != wanted:
        started = time.time()
        print("building {} (once, about a minute)".format(os.path.relpath(folder, ROOT)), file=sys.stderr)
        build(folder)
        with open(stamp, "w") as file:
            file.write(wanted)
        print("built in {:.0f} s".format(time.time() - started), file=sys.stderr)
    held.close()


if __name__ == "__main__":
    main()
