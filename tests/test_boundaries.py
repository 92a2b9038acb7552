"""The rooms of the house and the arrows between them, read from the imports. What each room is: `docs/how-it-works.md`."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "sandbox"

# Rooms, each with the rooms that it may import; every room may import from itself. The doors are the last.
DOORS = ("adapters", "server", "cli", "report", "as_json", "result_lines", "settings")
ROOMS = {
    "guest.wire": (),
    "guest.values": ("guest.wire",),
    "guest.walls": ("guest.wire", "guest.values"),
    "guest.bridge": ("guest.wire", "guest.values", "guest.walls"),
    "guest.program": ("guest.wire", "guest.values", "guest.walls", "guest.bridge"),
    "guest.tests": ("guest.wire", "guest.values", "guest.walls", "guest.bridge", "guest.program"),
    "guest.worker": ("guest.wire", "guest.values", "guest.walls", "guest.bridge", "guest.program", "guest.tests"),
    "words": (),
    "judging": ("words", "guest.values"),
    "host": ("words", "guest.wire", "guest.values", "guest.walls"),
    "api": ("words", "judging", "host"),
    **dict.fromkeys(DOORS, ("words", "judging", "host", "api", *DOORS)),
}
CONTAINER_RULES = ("host", "container.py", "sandbox.guest.walls.seccomp")
"""All that the host takes from the walls: the table of system calls, from which a container's profile is made."""


def files(folder="."):
    return sorted((PACKAGE / folder).rglob("*.py"))


def module_of(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in files()}


def imports_of(path):
    """Every module that a file imports, inside of functions too, by its absolute name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = module_of(path) if path.name == "__init__.py" else module_of(path).rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            names = [f"{module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else module for name in names)


def room_of(module):
    """Of a module of ours, by its absolute name."""
    first, _, rest = module.removeprefix("sandbox.").partition(".")
    return f"{first}.{rest.partition('.')[0]}" if first == "guest" and rest else first


def test_arrows_point_down():
    for module, path in MODULES.items():
        room = room_of(module)
        if room in ("sandbox", "guest", "__main__"):  # the public names, by which all rooms are reached; and an empty package
            continue
        for name in set(imports_of(path)):
            if not name.startswith("sandbox."):
                continue
            assert room_of(name) in (room, *ROOMS[room]), f"{path.relative_to(PACKAGE)} imports {name}: {room} may not"


def test_every_room_is_in_the_table():
    assert {room_of(module) for module in MODULES} - {"sandbox", "guest", "__main__"} == set(ROOMS)


def test_files_import_one_another_in_no_circle():
    """Imports inside of functions count as well: who needs a file later needs it all the same."""
    needs = {module: {name for name in imports_of(path) if name in MODULES} - {module} for module, path in MODULES.items()}
    needs.pop("sandbox")  # it loads names of all rooms, when they are asked for
    left = {module: set(names) - {"sandbox"} for module, names in needs.items()}
    while free := [module for module, names in left.items() if not names & left.keys()]:
        for module in free:
            del left[module]
    assert not left, f"a circle goes through {sorted(left)}"


def test_the_guest_imports_only_the_standard_library_and_its_siblings():
    pytest_runs_in_testers = [("pytest_session.py", "pytest")]
    for path in files("guest"):
        for name in set(imports_of(path)):
            if (path.name, name) in pytest_runs_in_testers:
                continue
            assert name.split(".")[0] in sys.stdlib_module_names or name.startswith("sandbox.guest"), f"{path.name} imports {name}"
        assert "sandbox" not in {name.split(".")[0] for name in absolute_imports_of(path)}, "in a worker it is called guest"


def absolute_imports_of(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_what_the_host_reads_of_the_guest_is_what_crosses_the_wall():
    found = {
        (room_of(module), path.name, name)
        for module, path in MODULES.items()
        if room_of(module).partition(".")[0] != "guest"
        for name in imports_of(path)
        if name.startswith("sandbox.guest")
    }
    assert {name for _, _, name in found} <= {"sandbox.guest.wire", "sandbox.guest.values", CONTAINER_RULES[2]}
    assert [row for row in found if row[2] == CONTAINER_RULES[2]] == [CONTAINER_RULES]


def test_ctypes_is_in_one_file_on_either_side_of_the_wall():
    assert [path.name for path in files() if "ctypes" in set(imports_of(path))] == ["syscalls.py", "semaphore.py"]


def test_only_the_judgement_of_packed_labels_unpickles_and_nothing_unmarshals():
    dangerous = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
    assert [path.name for path in files() if dangerous & set(imports_of(path))] == ["bundle.py", "parsing.py"]
    bundle = (PACKAGE / "host" / "bundle.py").read_text(encoding="utf-8")
    assert "marshal.load" not in bundle, "it writes code, and reads none"


def test_the_host_parses_python_in_one_file():
    """`judging/syntax.py` says why; the guest's processes have one thread."""
    for path in files():
        if path.relative_to(PACKAGE).parts[0] == "guest" or path.name == "syntax.py":
            continue
        parsing = {"parse"} if path.name == "reduction.py" else {"parse", "literal_eval"}  # reduction.py has trees, and no texts
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


PUBLIC = [
    "Candidate",
    "CaseResult",
    "Cause",
    "ConfigurationError",
    "Enforced",
    "Enforcement",
    "Isolation",
    "Job",
    "Judgement",
    "LabelError",
    "Layer",
    "LayerMissing",
    "Limits",
    "NoCode",
    "Outcome",
    "Requirement",
    "Run",
    "Sandbox",
    "SandboxError",
    "Score",
    "Shape",
    "Usage",
    "Verdict",
    "WorkerError",
    "extract",
]


def test_the_public_names_stay():
    import sandbox

    assert sorted(sandbox.__all__) == sorted(PUBLIC)
    for name in sandbox.__all__:
        assert getattr(sandbox, name) is not None
    assert sorted(sandbox._HOME_OF) == sorted(sandbox.__all__)
    with pytest.raises(AttributeError, match="nosuch"):
        sandbox.nosuch


# What command lines and configurations of trainers name: `pkg://sandbox.adapters.verl`, `--reward_funcs sandbox.adapters.trl.code_reward`,
# `--agent_func_path examples/agent_func_code.py` and their kin. To move one is to break a training.
NAMED_BY_TRAINERS = {
    "sandbox.adapters.openrlhf": "reward_func",
    "sandbox.adapters.verl": "compute_score acompute_score",
    "sandbox.adapters.trl": "code_reward acode_reward",
    "sandbox.adapters.math": "reward_func",
    "sandbox.adapters.conversation": "",
    "sandbox.adapters.combine": "",
    "sandbox.adapters.agent": "",
    "sandbox.adapters.agent_math": "",
    "sandbox.server": "Options",
    "sandbox.cli": "app",
    "sandbox.report": "",
}


@pytest.mark.parametrize("module", NAMED_BY_TRAINERS)
def test_what_trainers_name_stays_where_it_is(module):
    bound = set()
    for node in ast.parse(MODULES[module].read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            bound |= {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
    assert set(NAMED_BY_TRAINERS[module].split()) <= bound
    root = PACKAGE.parent
    assert (root / "reward_code_gen.py").exists()
    for name in ("agent_func_code.py", "agent_func_math.py", "reward_func_math.py", "reward_func_conversation.py"):
        assert (root / "examples" / name).exists()


def test_modules_are_short_or_say_why():
    texts = {str(path.relative_to(PACKAGE)): path.read_text(encoding="utf-8") for path in files()}
    long = {name for name, text in texts.items() if len(text.splitlines()) > 400}
    assert [name for name in long if "Over 400 lines because" not in texts[name][:400]] == []
