"""The training commands of examples/: every flag is one that the trainer's own command line knows, and its own checks pass."""

import json
import subprocess
from pathlib import Path

import pytest
from machine import CLIENTS_PYTHON, ROOT

from sandbox.judging import labels

EXAMPLES = ROOT / "examples"
HERE = Path(__file__).parent
PROBLEMS = [json.loads(line) for line in (EXAMPLES / "problems.jsonl").read_text().splitlines()]


def command_of(script, tmp_path, version=""):
    """What a script would start, without its python3 or accelerate."""
    for name in ("python3", "accelerate"):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\n[ "$1" = -c ] && echo "{version}" && exit\nprintf "%s\\0" "$@"\n')
        program.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(["bash", EXAMPLES / script], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split("\0")[:-1]


def asked(script, *arguments):
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp",
        "PYTHONPATH": str(ROOT),
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_OFFLINE": "1",
    }
    command = [str(CLIENTS_PYTHON), str(HERE / script), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def packages():
    return next((CLIENTS_PYTHON.parent.parent / "lib").glob("python3.*")) / "site-packages"


@pytest.mark.parametrize("row", PROBLEMS, ids=range(len(PROBLEMS)))
def test_the_problems_serve_all_trainers(row):
    assert row["label"] == row["reward_model"]["ground_truth"]
    assert [message["role"] for message in row["prompt"]] == ["user"]
    suite = labels.read(row["label"])
    assert suite.cases or suite.tests


@pytest.mark.needs("clients")
@pytest.mark.parametrize("version", ["0.10.2", "0.11.2", "0.12.0"])
def test_openrlhf_of_today_takes_the_flags(version, tmp_path):
    module, name, *flags = command_of("train_openrlhf.sh", tmp_path, version)
    assert (module, name) == ("-m", "openrlhf.cli.train_ppo_ray")
    args = asked("openrlhf_flags.py", str(packages()), *flags)
    assert [Path(url).resolve() for url in args["reward"]["remote_url"]] == [ROOT / "reward_code_gen.py"]
    assert (args["data"]["input_key"], args["data"]["label_key"]) == ("prompt", "label")
    assert args["algo"]["dynamic_filtering_range"] == [0.0, 1.0]


@pytest.mark.needs("clients")
@pytest.mark.parametrize("version", ["0.9.0", "0.10.1"])
def test_openrlhf_of_before_takes_the_flags(version, tmp_path):
    _, _, *flags = command_of("train_openrlhf.sh", tmp_path, version)
    args = asked("openrlhf_flags.py", str(CLIENTS_PYTHON.parent.parent / f"openrlhf-{version}"), *flags)
    assert [Path(url).resolve() for url in args["remote_rm_url"]] == [ROOT / "reward_code_gen.py"]
    assert (args["input_key"], args["label_key"], args["dynamic_filtering"]) == ("prompt", "label", True)


@pytest.mark.needs("clients")
def test_a_flag_that_does_not_exist_is_found_out(tmp_path):
    _, _, *flags = command_of("train_openrlhf.sh", tmp_path, "0.11.2")
    with pytest.raises(AssertionError, match="unrecognized arguments: --remote_rm_url"):
        asked("openrlhf_flags.py", str(packages()), *flags, "--remote_rm_url", "x")


@pytest.mark.needs("clients")
def test_verl_takes_the_overrides(tmp_path):
    module, name, *overrides = command_of("train_verl.sh", tmp_path)
    assert (module, name) == ("-m", "verl.trainer.main_ppo")
    assert (packages() / "verl" / "trainer" / "main_ppo.py").exists()
    more = "+ray_kwargs.ray_init.runtime_env.env_vars.SANDBOX_SHAPE=binary"
    assert more in (EXAMPLES / "train_verl.sh").read_text()
    config = asked("verl_client.py", "config", *overrides, more)
    assert config["reward"]["custom_reward_function"] == {"path": "pkg://sandbox.adapters.verl", "name": "acompute_score"}
    assert config["ray_kwargs"]["ray_init"]["runtime_env"]["env_vars"] == {"SANDBOX_SHAPE": "binary"}
    with pytest.raises(AssertionError, match="'nosuch' is not in struct"):
        asked("verl_client.py", "config", "reward.nosuch=1")


@pytest.mark.needs("clients")
def test_verl_reads_the_problems():
    truths = asked("verl_client.py", "dataset", str(EXAMPLES / "problems.jsonl"))
    assert truths == [row["label"] for row in PROBLEMS]


@pytest.mark.needs("clients")
def test_trl_takes_the_flags(tmp_path):
    launch, _, _, script, *flags = command_of("train_trl.sh", tmp_path)
    assert launch == "launch"
    assert Path(script) == EXAMPLES / "train_trl.py"
    fields = asked("trl_client.py", "fields", *flags)
    assert fields["num_generations"] == 8
    assert fields["use_vllm"] is True


@pytest.mark.needs("clients")
def test_trl_trains_a_step_with_our_rewards(tmp_path):
    """A random model of one layer: all it says is no code, and is paid as that."""
    asked("trl_client.py", "model", str(tmp_path / "model"))
    flags = ["--model", str(tmp_path / "model"), "--output_dir", str(tmp_path / "out"), "--max_steps", "1", "--use_cpu"]
    flags += [
        "--num_generations",
        "2",
        "--per_device_train_batch_size",
        "2",
        "--max_completion_length",
        "8",
        "--save_strategy",
        "no",
    ]
    flags += ["--bf16", "False", "--report_to", "none", "--logging_steps", "1"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    command = [str(CLIENTS_PYTHON), str(EXAMPLES / "train_trl.py"), *flags]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "'rewards/code_reward/mean': '-1'" in done.stdout, done.stdout
    assert "'code_reward/crash': '1'" in done.stdout
