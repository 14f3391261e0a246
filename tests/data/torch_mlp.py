"""A small network saved by PyTorch's users' way: torch modules, the safetensors package.

    python torch_mlp.py       (torch, safetensors; writes torch_mlp.safetensors beside it)

4-5-3 with relu between: `layers.0.weight` (5 x 4), `layers.0.bias`, `layers.1.weight` (3 x 5), `layers.1.bias`;
with them a batch `input` (6 x 4) and the network's own `logits` (6 x 3) for it. All f32.
"""

import pathlib

import torch
from safetensors.torch import save_file


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleList([torch.nn.Linear(4, 5), torch.nn.Linear(5, 3)])

    def forward(self, x):
        return self.layers[1](torch.relu(self.layers[0](x)))


if __name__ == "__main__":
    torch.manual_seed(0)
    network, batch = Network(), torch.randn(6, 4)
    with torch.no_grad():
        tensors = {**network.state_dict(), "input": batch, "logits": network(batch)}
    path = pathlib.Path(__file__).with_suffix(".safetensors")
    save_file(tensors, path, metadata={"format": "pt"})
    print({name: tuple(t.shape) for name, t in tensors.items()}, path.stat().st_size)
