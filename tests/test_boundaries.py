"""The wall is a folder, and this reads its imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "sandbox"

WORDS = {"errors", "limits", "verdict", "job", "suite", "layers"}
GUEST_FOR_HOST = {"sandbox.guest.wire", "sandbox.guest.values", "sandbox.guest.seccomp"}


def imports_of(path):
    """Every absolute name that a file imports, functions included; relative ones are made absolute."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = f"{package}.{node.module}" if node.level and node.module else package if node.level else node.module
            names = [f"{module}.{alias.name}" for alias in node.names]
            yield from (
                name if module in ("sandbox", "sandbox.guest", "sandbox.host", "sandbox.labels") else module for name in names
            )


def files(folder="."):
    return sorted((PACKAGE / folder).rglob("*.py"))


def test_the_guest_imports_only_the_standard_library_and_its_siblings():
    pytest_runs_in_testers = [("frameworks.py", "pytest")]
    for path in files("guest"):
        for name in set(imports_of(path)):
            if (path.name, name) in pytest_runs_in_testers:
                continue
            assert name.split(".")[0] in sys.stdlib_module_names or name.startswith("sandbox.guest"), f"{path.name} imports {name}"


def test_ctypes_is_in_one_file_on_either_side_of_the_wall():
    assert [path.name for path in files() if "ctypes" in set(imports_of(path))] == ["syscalls.py", "semaphore.py"]


def test_only_the_judgement_of_packed_labels_unpickles_and_nothing_unmarshals():
    dangerous = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
    assert [path.name for path in files() if dangerous & set(imports_of(path))] == ["bundle.py", "text.py"]
    bundle = (PACKAGE / "host" / "bundle.py").read_text(encoding="utf-8")
    assert "marshal.load" not in bundle, "it writes code, and reads none"


def test_arrows_point_down():
    judgement = {
        "extract",
        "fences",
        "labels",
        "languages",
        "checkers",
        "judge",
        "judgement",
        "once",
        "reference",
        "reward",
        "suspicion",
        "syntax",
    }
    for path in files():
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        ours = {name for name in imports_of(path) if name.startswith("sandbox.")}
        if room in WORDS:
            allowed = {f"sandbox.{word}" for word in WORDS}
            assert ours <= allowed, f"words import only words; {path.name} imports {ours - allowed}"
        if room in judgement:
            wrong = {name for name in ours if name.split(".")[1] in ("host", "adapters", "cli", "server", "api", "settings")}
            assert not wrong, f"judgement owns no process; {path} imports {wrong}"
        if room == "host":
            wrong = {name for name in ours if name.split(".")[1] not in {*WORDS, "host", "guest"}}
            assert not wrong, f"the host knows words and the guest; {path.name} imports {wrong}"
        if room != "guest":
            guest = {name for name in ours if name.startswith("sandbox.guest")}
            assert guest <= GUEST_FOR_HOST, f"{path} imports {guest - GUEST_FOR_HOST}"


def test_the_host_parses_python_in_one_file():
    """`sandbox/syntax.py` says why; the guest's processes have one thread."""
    for path in files():
        if path.relative_to(PACKAGE).parts[0] == "guest" or path.name == "syntax.py":
            continue
        parsing = {"parse"} if path.name == "asserts.py" else {"parse", "literal_eval"}  # asserts.py has trees, and no texts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Attribute(ast.Name("ast"), name):
                    assert name not in parsing, f"{path.name}:{node.lineno} calls ast.{name}"


def test_importing_the_package_loads_nothing_heavy():
    script = (
        "import sys, sandbox; from sandbox import Sandbox, Limits, Verdict\n"
        "heavy = {'torch', 'ray', 'docker', 'fastapi', 'numpy', 'rich', 'typer'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_public_names_are_what_all_says():
    import sandbox

    for name in sandbox.__all__:
        assert getattr(sandbox, name) is not None
    assert sorted(sandbox._HOME_OF) == sorted(sandbox.__all__)
    with pytest.raises(AttributeError, match="nosuch"):
        sandbox.nosuch


def test_modules_are_short_or_say_why():
    texts = {str(path.relative_to(PACKAGE)): path.read_text(encoding="utf-8") for path in files()}
    long = {name for name, text in texts.items() if len(text.splitlines()) > 400}
    assert [name for name in long if "Over 400 lines because" not in texts[name][:400]] == []
