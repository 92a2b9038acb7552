#!/usr/bin/env bash
# train_trl.py on one node of 8 GPUs, with vLLM beside the model. More flags: those of GRPOConfig.
#
#   MODEL=Qwen/Qwen2.5-Coder-1.5B-Instruct DATA=problems.jsonl bash examples/train_trl.sh [more flags]
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
MODEL=${MODEL:-Qwen/Qwen2.5-Coder-1.5B-Instruct}
DATA=${DATA:-$HERE/problems.jsonl}
OUT=${OUT:-./checkpoints}

# Fractions of passed cases, so that groups differ early in the training. Without this line, the table of docs/rewards.md.
export SANDBOX_SHAPE=${SANDBOX_SHAPE:-fraction}

exec accelerate launch --num_processes 8 "$HERE/train_trl.py" \
    --model "$MODEL" \
    --data "$DATA" \
    --output_dir "$OUT" \
    --use_vllm \
    --vllm_mode colocate \
    --vllm_gpu_memory_utilization 0.3 \
    --per_device_train_batch_size 4 \
    --gradient_accumulation_steps 4 \
    --num_generations 8 \
    --max_completion_length 2048 \
    --learning_rate 1e-6 \
    --bf16 true \
    --gradient_checkpointing \
    --logging_steps 1 \
    --save_steps 50 \
    --log_completions \
    --report_to none \
    "$@"
