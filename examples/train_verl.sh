#!/usr/bin/env bash
# Reinforcement learning on code with verl on one node of 8 GPUs: GRPO, 8 answers a problem, rewards by this sandbox.
#
#   pip install 'verl[vllm]' && pip install .                      in a clone of this repository, then:
#   MODEL=Qwen/Qwen2.5-Coder-7B-Instruct DATA=problems.jsonl bash examples/train_verl.sh [more overrides]
#
# DATA (.jsonl or .parquet) has `prompt` (messages), `data_source` and `reward_model.ground_truth` (tests, in any format of docs/labels.md).
# On several nodes this package has to be installed on each; settings reach verl's workers with
# "+ray_kwargs.ray_init.runtime_env.env_vars.SANDBOX_SHAPE=binary".
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
MODEL=${MODEL:-Qwen/Qwen2.5-Coder-7B-Instruct}
DATA=${DATA:-$HERE/problems.jsonl}
OUT=${OUT:-$PWD/checkpoints}

exec python3 -m verl.trainer.main_ppo \
    algorithm.adv_estimator=grpo \
    algorithm.use_kl_in_reward=False \
    data.train_files="$DATA" \
    data.val_files="${VAL:-$DATA}" \
    data.train_batch_size="${BATCH:-64}" \
    data.max_prompt_length=2048 \
    data.max_response_length=4096 \
    actor_rollout_ref.model.path="$MODEL" \
    actor_rollout_ref.model.enable_gradient_checkpointing=True \
    actor_rollout_ref.actor.optim.lr=1e-6 \
    actor_rollout_ref.actor.ppo_mini_batch_size="${BATCH:-64}" \
    actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu=2 \
    actor_rollout_ref.actor.use_kl_loss=False \
    actor_rollout_ref.rollout.name=vllm \
    actor_rollout_ref.rollout.n=8 \
    actor_rollout_ref.rollout.tensor_model_parallel_size=2 \
    actor_rollout_ref.rollout.gpu_memory_utilization=0.6 \
    actor_rollout_ref.rollout.log_prob_micro_batch_size_per_gpu=4 \
    actor_rollout_ref.ref.log_prob_micro_batch_size_per_gpu=4 \
    reward.custom_reward_function.path=pkg://sandbox.adapters.verl \
    reward.custom_reward_function.name=acompute_score \
    reward.reward_manager.name=naive \
    reward.num_workers=8 \
    trainer.n_gpus_per_node=8 \
    trainer.nnodes=1 \
    trainer.logger='[console]' \
    trainer.project_name=reward-sandbox \
    trainer.experiment_name=code \
    trainer.default_local_dir="$OUT" \
    trainer.save_freq=50 \
    trainer.test_freq=10 \
    trainer.total_epochs=1 \
    "$@"
