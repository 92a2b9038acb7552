#!/usr/bin/env bash
# Reinforcement learning on code with OpenRLHF on one node of 8 GPUs: REINFORCE++ baseline, 8 answers a problem, rewards by this sandbox.
#
#   pip install 'openrlhf[vllm]' && pip install '.[openrlhf]'     in a clone of this repository, then:
#   MODEL=Qwen/Qwen2.5-Coder-7B-Instruct DATA=problems.jsonl bash examples/train_openrlhf.sh [more flags]
#
# DATA has a JSON object a line, with `prompt` (a text or messages) and `label` (tests, in any format of docs/labels.md).
# REWARD may be http://127.0.0.1:8080/get_reward instead, with `reward-sandbox serve` running there.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
MODEL=${MODEL:-Qwen/Qwen2.5-Coder-7B-Instruct}
DATA=${DATA:-$HERE/problems.jsonl}
REWARD=${REWARD:-$HERE/../reward_code_gen.py}
OUT=${OUT:-./checkpoints}

# Scores of exactly 0 and 1: dynamic filtering drops groups that all pass or all fail. Without this line, the table of docs/rewards.md.
export SANDBOX_SHAPE=${SANDBOX_SHAPE:-binary}

VERSION=$(python3 -c 'import importlib.metadata; print(importlib.metadata.version("openrlhf"))')
if [ "$(printf '%s\n' 0.10.2 "$VERSION" | sort -V | head -n 1)" = 0.10.2 ]; then
    exec python3 -m openrlhf.cli.train_ppo_ray \
        --actor.model_name_or_path "$MODEL" \
        --reward.remote_url "$REWARD" \
        --data.prompt_dataset "$DATA" \
        --data.input_key prompt \
        --data.label_key label \
        --data.apply_chat_template \
        --data.max_len 8192 \
        --ckpt.output_dir "$OUT" \
        --actor.num_nodes 1 \
        --actor.num_gpus_per_node 8 \
        --ref.num_nodes 1 \
        --ref.num_gpus_per_node 8 \
        --vllm.num_engines 4 \
        --vllm.tensor_parallel_size 2 \
        --vllm.gpu_memory_utilization 0.6 \
        --vllm.enable_sleep \
        --ds.enable_sleep \
        --ds.zero_stage 3 \
        --ds.packing_samples \
        --train.colocate_all \
        --train.batch_size 512 \
        --train.micro_batch_size 4 \
        --rollout.batch_size 64 \
        --rollout.micro_batch_size 8 \
        --rollout.n_samples_per_prompt 8 \
        --rollout.max_new_tokens 4096 \
        --actor.gradient_checkpointing_enable \
        --algo.advantage.estimator reinforce_baseline \
        --algo.kl.init_coef 0 \
        --algo.dynamic_filtering_enable \
        --algo.dynamic_filtering_range 0.0 1.0 \
        "$@"
fi

exec python3 -m openrlhf.cli.train_ppo_ray \
    --pretrain "$MODEL" \
    --remote_rm_url "$REWARD" \
    --prompt_data "$DATA" \
    --input_key prompt \
    --label_key label \
    --apply_chat_template \
    --save_path "$OUT" \
    --actor_num_nodes 1 \
    --actor_num_gpus_per_node 8 \
    --ref_num_nodes 1 \
    --ref_num_gpus_per_node 8 \
    --vllm_num_engines 4 \
    --vllm_tensor_parallel_size 2 \
    --vllm_gpu_memory_utilization 0.6 \
    --vllm_enable_sleep \
    --deepspeed_enable_sleep \
    --zero_stage 3 \
    --packing_samples \
    --colocate_all_models \
    --train_batch_size 512 \
    --micro_train_batch_size 4 \
    --rollout_batch_size 64 \
    --micro_rollout_batch_size 8 \
    --n_samples_per_prompt 8 \
    --gradient_checkpointing \
    --advantage_estimator reinforce_baseline \
    --init_kl_coef 0 \
    --dynamic_filtering \
    --dynamic_filtering_reward_range 0.0 1.0 \
    "$@"
