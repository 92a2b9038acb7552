"""Environment variables: one table, read once, refused by name."""

import pytest
from machine import ROOT

from sandbox.judging.reward import Shape
from sandbox.settings import VARIABLES, Recording, Settings
from sandbox.words.errors import ConfigurationError
from sandbox.words.layers import Backend, Isolation, Layer


def test_without_variables_everything_is_default():
    settings = Settings.from_environment({})
    assert settings.options == {}
    assert settings.limits.cpu_seconds == 5.0


def test_every_variable_is_understood():
    values = {
        "SANDBOX_WORKERS": ("3", 3),
        "SANDBOX_SHAPE": ("binary", Shape(name="binary")),
        "SANDBOX_CHOICE": ("first", "first"),
        "SANDBOX_EARLY_STOP": ("yes", True),
        "SANDBOX_ENTROPY": ("0", False),
        "SANDBOX_BACKEND": ("docker+gvisor", Backend.GVISOR),
        "SANDBOX_NODE_JOBS": ("0", 0),
        "SANDBOX_DEDUPLICATE": ("off", False),
        "SANDBOX_CACHE": ("100", 100),
        "SANDBOX_RAY_NODES": ("kind=cpu", "kind=cpu"),
        "SANDBOX_IMAGE": ("reward-sandbox/python", "reward-sandbox/python"),
        "SANDBOX_PYTHON": ("/usr/bin/python3", "/usr/bin/python3"),
        "SANDBOX_WARM": ("numpy, json", ("numpy", "json")),
        "SANDBOX_READABLE": ("/data/a,/data/b", ("/data/a", "/data/b")),
        "SANDBOX_ISOLATION": ("unprivileged", Isolation.UNPRIVILEGED),
        "SANDBOX_ALLOW_MISSING": ("memory, network", {Layer.MEMORY, Layer.NETWORK}),
        "SANDBOX_CPU_SECONDS": ("2.5", 2.5),
        "SANDBOX_WALL_SECONDS": ("9", 9.0),
        "SANDBOX_MEMORY_MB": ("256", 256 << 20),
        "SANDBOX_OUTPUT_MB": ("1", 1 << 20),
        "SANDBOX_FILE_MB": ("8", 8 << 20),
        "SANDBOX_PROCESSES": ("7", 7),
        "SANDBOX_OPEN_FILES": ("512", 512),
        "SANDBOX_SUITE_SECONDS": ("20", 20.0),
        "SANDBOX_DEADLINE_SECONDS": ("30", 30.0),
        "SANDBOX_RECORD": ("/tmp/../data/record.jsonl", "/data/record.jsonl"),
        "SANDBOX_RECORD_MB": ("1.5", 3 << 19),
        "SANDBOX_RECORD_SHARE": ("0.25", 0.25),
    }
    assert values.keys() == {variable.name for variable in VARIABLES}
    settings = Settings.from_environment({name: text for name, (text, _) in values.items()})
    for variable in VARIABLES:
        _, wanted = values[variable.name]
        key = variable.limit or variable.recording or variable.name.removeprefix("SANDBOX_").lower()
        owner = settings.limits if variable.limit else settings.recording
        assert (getattr(owner, key) if variable.limit or variable.recording else settings.options[key]) == wanted
    assert not {"record", "record_mb", "record_share"} & settings.options.keys()


def test_nothing_is_recorded_unless_a_file_is_named():
    assert Settings.from_environment({"SANDBOX_RECORD_SHARE": "0.5"}).recording is None
    assert Settings.from_environment({"SANDBOX_RECORD": "/r"}).recording == Recording(path="/r", most_bytes=256 << 20, share=1.0)


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("SANDBOX_WORKERS", "many", "SANDBOX_WORKERS='many'"),
        ("SANDBOX_WORKERS", "0", "at least 1"),
        ("SANDBOX_ISOLATION", "some", "auto, namespaces, unprivileged"),
        ("SANDBOX_ALLOW_MISSING", "wall", "no layer is called 'wall'; layers are cpu_time"),
        ("SANDBOX_SHAPE", "round", "documented, binary"),
        ("SANDBOX_SHAPE", "threshold:2", r"\(0, 1\]"),
        ("SANDBOX_CHOICE", "best", "SANDBOX_CHOICE='best'"),
        ("SANDBOX_EARLY_STOP", "maybe", "use 1 or 0"),
        ("SANDBOX_CPU_SECONDS", "-1", "cpu_seconds=-1.0"),
        ("SANDBOX_CPU_SECONDS", "nan", "finite"),
        ("SANDBOX_WALL_SECONDS", "1", "below cpu_seconds"),
        ("SANDBOX_MEMORY_MB", "1g", "SANDBOX_MEMORY_MB='1g'"),
        ("SANDBOX_MEMORY_MB", "15", r"use at least 16 MiB \(set by SANDBOX_MEMORY_MB\)"),
        ("SANDBOX_FILE_MB", "-2", r"file_bytes=-2097152 .*\(set by SANDBOX_FILE_MB\)"),
        ("SANDBOX_OPEN_FILES", "201", "use at least 202"),
        ("SANDBOX_RECORD_MB", "much", "SANDBOX_RECORD_MB='much'"),
        ("SANDBOX_RECORD_SHARE", "1.1", "from 0 to 1"),
        ("SANDBOX_RECORD_SHARE", "nan", "from 0 to 1"),
    ],
)
def test_what_cannot_be_used_is_named(name, value, word):
    with pytest.raises(ConfigurationError, match=word):
        Settings.from_environment({name: value})


def test_a_near_miss_is_pointed_out(caplog):
    Settings.from_environment({"SANDBOX_CPU_SECOND": "1", "SANDBOX_DATA": "x"})
    assert [record.getMessage() for record in caplog.records] == [
        "the environment variable SANDBOX_CPU_SECOND is not one of ours; did you mean SANDBOX_CPU_SECONDS?"
    ]


def test_the_page_of_settings_has_the_table():
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for variable in VARIABLES:
        assert f"| `{variable.name}` | {variable.default} | {variable.meaning} |" in text


def test_bounds_of_a_record_without_a_file_are_pointed_out(caplog):
    assert Settings.from_environment({"SANDBOX_RECORD_SHARE": "0.5"}).recording is None
    assert "do nothing without SANDBOX_RECORD" in caplog.text
