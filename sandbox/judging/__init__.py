"""From a response and a label to a judgement. Owns no process: whoever calls it gives it a way to run jobs."""
