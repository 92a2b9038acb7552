"""What a candidate may write: its own folder and where all programs write, and nothing of anybody else's."""

import subprocess
import tempfile
from pathlib import Path

import pytest
from machine import run_control

pytestmark = pytest.mark.needs("landlock")

ATTEMPTS = {
    "create": "open(PLACE + '/planted.py', 'w').write('x')",
    "overwrite": "open(PLACE + '/there.py', 'w').write('x')",
    "append": "open(PLACE + '/there.py', 'a').write('x')",
    "truncate": "import os\nos.truncate(PLACE + '/there.py', 0)",
    "remove": "import os\nos.unlink(PLACE + '/there.py')",
    "rename": "import os\nos.rename(PLACE + '/there.py', PLACE + '/gone.py')",
    "folder": "import os\nos.mkdir(PLACE + '/planted')",
    "symlink": "import os\nos.symlink('/etc/passwd', PLACE + '/planted.pth')",
    "hard_link": "import os\nos.link(PLACE + '/there.py', PLACE + '/planted.py')",
    "fifo": "import os\nos.mkfifo(PLACE + '/planted')",
    "through_a_link": "import os\nos.symlink(PLACE, 'link')\nopen('link/planted.py', 'w').write('x')",
    "through_proc": "open('/proc/self/root' + PLACE + '/planted.py', 'w').write('x')",
    "child": "import subprocess\nsubprocess.run(['cp', '/etc/passwd', PLACE + '/planted.py'], check=True)",
}


@pytest.fixture
def place():
    """A folder of the user's own, as where libraries, keys and checkpoints are."""
    folder = Path(tempfile.mkdtemp(prefix="sandbox-test-", dir=Path.home()))
    (folder / "there.py").write_text("there")
    yield folder
    subprocess.run(["rm", "-rf", str(folder)], check=True)


@pytest.mark.parametrize("name", ATTEMPTS)
def test_nothing_of_others_is_written(name, box, place, tmp_path):
    program = f"PLACE = {str(place)!r}\n{ATTEMPTS[name]}\nprint('done')"
    assert b"done" not in box.run(program).stdout
    assert [path.name for path in place.iterdir()] == ["there.py"]
    assert (place / "there.py").read_text() == "there"
    assert box.run("print('next')").stdout == b"next\n"
    run_control(program, cwd=tmp_path)  # without the wall it is done
    assert [path.name for path in place.iterdir()] != ["there.py"] or (place / "there.py").read_text() != "there"


@pytest.mark.parametrize(
    "program",
    [
        "open('mine.txt', 'w').write('x')\nimport os\nos.rename('mine.txt', 'yours.txt'); os.mkdir('d'); os.rename('yours.txt', 'd/x')",
        "import tempfile\nwith tempfile.TemporaryDirectory() as d: open(d + '/x', 'w').write('x')",
        "import multiprocessing as m\nl = m.Lock()\nwith l: pass",
        "open('/dev/null', 'w').write('x')",
        "import shutil\nopen('a', 'w').close()\nshutil.copy('a', 'b'); shutil.move('b', 'c')",
        "import sqlite3\nsqlite3.connect('x.db').execute('create table t (x)')",
    ],
)
def test_what_honest_programs_write_is_written(program, box, tier):
    if "m.Lock" in program and tier != "namespaces":
        pytest.xfail("locks of multiprocessing lie in /dev/shm, which is everybody's without a file system of one's own")
    run = box.run(f"{program}\nprint('done')")
    assert run.stdout == b"done\n", run.stderr
