"""mergekit recipes of the shapes that people publish, over tiny Llamas: only the paths stand for other models."""

from __future__ import annotations

__all__ = ["EXACT", "RANDOM"]

EXACT = {
    "linear": """
models:
  - {{model: {root}/a, parameters: {{weight: 1.0}}}}
  - {{model: {root}/b, parameters: {{weight: 0.3}}}}
  - {{model: {root}/c, parameters: {{weight: [0.2, 0.5, 0.1]}}}}
merge_method: linear
dtype: float32
""",
    "gradient slerp": """
slices:
  - sources:
      - {{model: {root}/a, layer_range: [0, 4]}}
      - {{model: {root}/b, layer_range: [0, 4]}}
merge_method: slerp
base_model: {root}/a
parameters:
  t:
    - {{filter: self_attn, value: [0, 0.5, 0.3, 0.7, 1]}}
    - {{filter: mlp, value: [1, 0.5, 0.7, 0.3, 0]}}
    - {{value: 0.5}}
dtype: float32
""",
    "stacked layers": """
slices:
  - sources: [{{model: {root}/a, layer_range: [0, 3]}}]
  - sources: [{{model: {root}/b, layer_range: [1, 4]}}]
  - sources: [{{model: {root}/a, layer_range: [3, 4]}}]
merge_method: passthrough
dtype: float32
""",
    "stacked layers, some scaled": """
slices:
  - sources: [{{model: {root}/a, layer_range: [0, 2]}}]
  - sources:
      - model: {root}/a
        layer_range: [1, 3]
        parameters:
          scale:
            - {{filter: o_proj, value: 0.0}}
            - {{filter: down_proj, value: 0.0}}
            - {{value: 1.0}}
  - sources: [{{model: {root}/a, layer_range: [2, 4]}}]
merge_method: passthrough
dtype: float32
""",
    "ties": """
models:
  - {{model: {root}/base}}
  - model: {root}/a
    parameters: {{density: [1, 0.7, 0.1], weight: 1.0}}
  - model: {root}/b
    parameters: {{density: 0.5, weight: [0, 0.3, 0.7, 1]}}
  - model: {root}/c
    parameters:
      density: 0.33
      weight: [{{filter: mlp, value: 0.5}}, {{value: 0}}]
merge_method: ties
base_model: {root}/base
parameters: {{normalize: true, int8_mask: true}}
dtype: float32
""",
    "several domains": """
models:
  - {{model: {root}/a, parameters: {{weight: 0.6}}}}
  - {{model: {root}/b, parameters: {{weight: 0.5}}}}
  - {{model: {root}/c, parameters: {{weight: 0.4}}}}
merge_method: task_arithmetic
base_model: {root}/base
parameters: {{lambda: 0.9}}
dtype: float32
out_dtype: bfloat16
""",
    "model stock": """
models:
  - {{model: {root}/a}}
  - {{model: {root}/b}}
  - {{model: {root}/c}}
merge_method: model_stock
base_model: {root}/base
dtype: float32
""",
    "slices over a base": """
slices:
  - sources:
      - {{model: {root}/base, layer_range: [0, 2]}}
      - {{model: {root}/a, layer_range: [0, 2], parameters: {{weight: 0.7}}}}
      - {{model: {root}/b, layer_range: [0, 2], parameters: {{weight: 0.2}}}}
  - sources:
      - {{model: {root}/base, layer_range: [2, 4]}}
      - {{model: {root}/a, layer_range: [2, 4], parameters: {{weight: 0.1}}}}
      - {{model: {root}/b, layer_range: [2, 4], parameters: {{weight: 0.9}}}}
merge_method: task_arithmetic
base_model: {root}/base
dtype: float32
""",
}

RANDOM = {
    "biomedical experts": """
models:
  - {{model: {root}/base}}
  - {{model: {root}/a, parameters: {{density: 0.53, weight: 0.4}}}}
  - {{model: {root}/b, parameters: {{density: 0.53, weight: 0.3}}}}
  - {{model: {root}/c, parameters: {{density: 0.53, weight: 0.3}}}}
merge_method: dare_ties
base_model: {root}/base
parameters: {{int8_mask: true}}
dtype: bfloat16
""",
}
