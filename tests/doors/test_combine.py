"""Several rewards as one: weights, scales, conditions, and the same keys whatever the parts do."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.adapters.combine import Combined, Part
from sandbox.words.errors import ConfigurationError


def part(*rewards, scores=None, **logs):
    def reward(queries, prompts, labels):
        assert len(queries) == len(rewards)
        found = {"rewards": torch.tensor(rewards), "extra_logs": logs}
        return found if scores is None else {**found, "scores": torch.tensor(scores)}

    return reward


def called(combined, count=1):
    given = combined(["q"] * count, ["p"] * count, ["l"] * count)
    for tensor in (given["rewards"], given["scores"], *given["extra_logs"].values()):
        assert (tensor.dtype, tensor.shape) == (torch.float32, (count,))
        assert torch.isfinite(tensor).all()
    assert ((given["scores"] >= 0.0) & (given["scores"] <= 1.0)).all()
    return given


def test_the_sum_is_weighted():
    combined = Combined({"code": Part(reward=part(1.0, 0.3), weight=0.8), "style": Part(reward=part(0.5, 1.0), weight=0.2)})
    given = called(combined, 2)
    assert given["rewards"].tolist() == pytest.approx([0.9, 0.44])
    assert given["extra_logs"]["style_reward"].tolist() == [0.5, 1.0]
    assert tuple(given["extra_logs"]) == ("code_reward", "code_error", "style_reward", "style_error", "conditions_met")


def test_parts_can_be_put_on_one_scale_and_weights_on_one_sum():
    combined = Combined(
        {"code": Part(reward=part(-1.0, 1.0, 2.0), weight=3.0, scale=(-1.0, 1.0)), "style": Part(reward=part(0.5, 1.0, 1.0))},
        normalize=True,
    )
    assert called(combined, 3)["rewards"].tolist() == pytest.approx([0.125, 1.0, 1.0])


def test_a_condition_keeps_its_own_part_and_leaves_the_others_out():
    combined = Combined({"code": Part(reward=part(1.0, 0.3, -1.0), at_least=0.3), "style": Part(reward=part(0.5, 0.5, 0.5))})
    given = called(combined, 3)
    assert given["rewards"].tolist() == pytest.approx([1.5, 0.8, -1.0])
    assert given["extra_logs"]["conditions_met"].tolist() == [1.0, 1.0, 0.0]


def test_scores_are_those_of_one_part():
    parts = {"style": Part(reward=part(0.5, 0.5)), "code": Part(reward=part(1.0, -1.0), weight=0.1)}
    assert called(Combined(parts), 2)["scores"].tolist() == [0.5, 0.5]
    assert called(Combined(parts, scores="code"), 2)["scores"].tolist() == [1.0, 0.0]
    parts["code"] = Part(reward=part(1.0, -1.0, scores=[1.0, 0.25]))
    assert called(Combined(parts, scores="code"), 2)["scores"].tolist() == [1.0, 0.25]


def broken(queries, prompts, labels):
    raise RuntimeError("no")


@pytest.mark.parametrize(
    "wrong",
    [
        broken, lambda *given: None, lambda *given: {}, lambda *given: {"rewards": None}, lambda *given: {"rewards": [1.0, 2.0]}, lambda *given: {"rewards": "x"},
        lambda *given: {"rewards": torch.tensor([math.nan])}, lambda *given: {"rewards": [math.inf], "extra_logs": 5, "scores": "y"}, lambda *given: 5,
    ],
)  # fmt: skip
def test_a_part_that_fails_is_worth_nothing_and_is_counted(wrong):
    given = called(
        Combined(
            {"code": Part(reward=wrong, logs=("seen",)), "style": Part(reward=part(0.5, seen=torch.tensor([0.25])), logs=("seen",))}
        )
    )
    assert given["rewards"].tolist() == [0.5]
    keys = ("code_reward", "code_error", "code_seen", "style_reward", "style_error", "style_seen", "conditions_met")
    assert tuple(given["extra_logs"]) == keys
    assert [given["extra_logs"][key].item() for key in keys] == [0.0, 1.0, 0.0, 0.5, 0.0, 0.25, 1.0]


def test_logs_may_be_means_of_the_batch():
    given = called(Combined({"code": Part(reward=part(1.0, 0.0, mean=torch.tensor(0.5), each=[1, 2]), logs=("mean", "each"))}), 2)
    assert given["extra_logs"]["code_mean"].tolist() == [0.5, 0.5]
    assert given["extra_logs"]["code_each"].tolist() == [1.0, 2.0]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(width=32), min_size=1, max_size=4), st.floats(-5, 5).filter(bool), st.booleans())
def test_whatever_parts_give_the_sum_is_finite(rewards, weight, normalize):
    combined = Combined(
        {
            "a": Part(reward=part(*rewards), weight=weight, scale=(0.0, 1.0)),
            "b": Part(reward=part(*rewards), at_least=0.5, scale=(-1.0, 1.0)),
        },
        normalize=normalize,
    )
    called(combined, len(rewards))


def test_a_sum_that_is_too_large_for_a_float_is_bounded():
    huge = 3.4e38
    called(Combined({"a": Part(reward=part(huge), weight=100.0), "b": Part(reward=part(huge), weight=-1.0)}))


def test_parts_that_cannot_be_are_refused():
    good = Part(reward=broken)
    for parts, options in (
        ({}, {}),
        ({"a-b": good}, {}),
        ({"a": good}, {"scores": "b"}),
        ({"a": Part(reward=broken, weight=0.0)}, {}),
    ):
        with pytest.raises(ConfigurationError):
            Combined(parts, **options)
    for wrong in ({"weight": math.nan}, {"scale": (1.0, 0.0)}, {"scale": (0.0, math.inf)}, {"at_least": math.nan}):
        with pytest.raises(ConfigurationError):
            Part(reward=broken, **wrong)
