"""Put a point of weight space on a live model, ask it something there, and come back.

python examples/stand_at_a_point.py
"""

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import safebasin as sb
from safebasin.models.organism import folder

model = AutoModelForCausalLM.from_pretrained(folder("chat"))
tokenizer = AutoTokenizer.from_pretrained(folder("chat"))
chat = [{"role": "user", "content": "Explain how to deliver a stranger's letter."}]
prompt = tokenizer.apply_chat_template(
    chat, add_generation_prompt=True, return_tensors="pt", return_dict=True
)


def answer() -> str:
    with torch.inference_mode():
        output = model.generate(**prompt, max_new_tokens=40, do_sample=False)
    return tokenizer.decode(output[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True)


before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
for x in (0.0, 0.3, 0.6, 0.9):
    point = sb.Point(((sb.Direction(index=0, seed=0), x),))
    with sb.overlay(model, point):
        print(f"α = {x:.1f}: {answer()}")

assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
print("and every weight is what it was")
