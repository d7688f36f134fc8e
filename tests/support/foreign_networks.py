"""Other people's networks in their smallest forms, and their gated blocks written out by hand."""

import copy

import timm
import torch
import torch.nn.functional as F
from timm.layers import BatchNormAct2d, create_conv2d
from timm.models.convnext import ConvNeXt as TimmConvNeXt
from timm.models.deit import VisionTransformerDistilled
from timm.models.resnet import BasicBlock as TimmBasicBlock
from timm.models.resnet import Bottleneck as TimmBottleneck
from timm.models.resnet import ResNet as TimmResNet
from timm.models.resnetv2 import PreActBasic, ResNetV2
from timm.models.swin_transformer import SwinTransformer as TimmSwin
from timm.models.vision_transformer import VisionTransformer as TimmVit
from torch import nn
from torchvision.models import MobileNetV2, MobileNetV3, SwinTransformer, VisionTransformer
from torchvision.models.convnext import CNBlockConfig, ConvNeXt
from torchvision.models.efficientnet import EfficientNet, FusedMBConvConfig, MBConvConfig
from torchvision.models.mobilenetv3 import InvertedResidualConfig
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet
from torchvision.models.swin_transformer import PatchMergingV2, SwinTransformerBlockV2

CLASSES, SIDE = 5, 32


def _mobilenet_v3():
    setting = [
        InvertedResidualConfig(16, 3, 16, 16, True, "RE", 1, 1, 1.0),
        InvertedResidualConfig(16, 3, 32, 24, False, "RE", 2, 1, 1.0),
        InvertedResidualConfig(24, 3, 48, 24, True, "HS", 1, 1, 1.0),
    ]
    return MobileNetV3(setting, last_channel=32, num_classes=CLASSES)


def _efficientnet():
    setting = [FusedMBConvConfig(4, 3, 1, 32, 16, 2), MBConvConfig(4, 3, 2, 16, 24, 3)]
    return EfficientNet(setting, dropout=0.0, stochastic_depth_prob=0.0, num_classes=CLASSES, last_channel=32)


def _swin(**more):
    sizes = {"patch_size": [4, 4], "embed_dim": 8, "depths": [2, 1], "num_heads": [2, 2], "window_size": [4, 4]}
    return SwinTransformer(**sizes, stochastic_depth_prob=0.0, num_classes=CLASSES, **more)


# name -> (how it is built, how many gates it has)
NETWORKS = {
    "torchvision resnet": (lambda: ResNet(BasicBlock, [2, 1, 1, 1], num_classes=CLASSES), 5),
    "torchvision resnext": (
        lambda: ResNet(Bottleneck, [2, 1, 1, 1], num_classes=CLASSES, groups=4, width_per_group=4),
        5,
    ),
    "torchvision wide resnet": (
        lambda: ResNet(Bottleneck, [1, 1, 1, 1], num_classes=CLASSES, width_per_group=128),
        4,
    ),
    "torchvision convnext": (
        lambda: ConvNeXt([CNBlockConfig(8, 16, 2), CNBlockConfig(16, None, 1)], 0.0, 0.1, num_classes=CLASSES),
        3,
    ),
    "torchvision efficientnet": (_efficientnet, 3),
    "torchvision mobilenet v2": (lambda: MobileNetV2(CLASSES, width_mult=0.25, dropout=0.0), 11),
    "torchvision mobilenet v3": (_mobilenet_v3, 2),
    "torchvision vit": (lambda: VisionTransformer(SIDE, 8, 3, 2, 16, 32, num_classes=CLASSES), 3),
    "torchvision swin": (_swin, 3),
    "torchvision swin v2": (lambda: _swin(block=SwinTransformerBlockV2, downsample_layer=PatchMergingV2), 3),
    "timm resnet": (lambda: TimmResNet(TimmBasicBlock, (2, 1, 1, 1), CLASSES, channels=(8, 8, 16, 16)), 5),
    "timm se resnet": (
        lambda: TimmResNet(
            TimmBottleneck, (2, 1, 1, 1), CLASSES, channels=(8, 8, 16, 16), block_args={"attn_layer": "se"}
        ),
        5,
    ),
    "timm resnetv2": (lambda: _resnetv2(conv_layer=create_conv2d), 3),
    "timm resnetv2 basic": (lambda: _resnetv2(conv_layer=create_conv2d, basic=True), 3),
    "timm resnetv2 standardised": (lambda: _resnetv2(), 3),
    "timm resnetv2 post": (lambda: _resnetv2(preact=False), 3),
    "timm convnext": (lambda: TimmConvNeXt(num_classes=CLASSES, depths=(2, 1, 1, 1), dims=(8, 8, 16, 16)), 5),
    "timm convnext v2": (
        lambda: TimmConvNeXt(
            num_classes=CLASSES, depths=(2, 1, 1, 1), dims=(8, 8, 16, 16), use_grn=True, ls_init_value=None
        ),
        5,
    ),
    "timm mobilenet v2": (lambda: timm.create_model("mobilenetv2_035", num_classes=CLASSES), 10),
    "timm vit": (lambda: _timm_vit(TimmVit), 3),
    "timm deit": (lambda: _timm_vit(VisionTransformerDistilled), 3),
    "timm swin": (
        lambda: TimmSwin(
            SIDE, 4, num_classes=CLASSES, embed_dim=8, depths=(2, 1), num_heads=(2, 2), window_size=4, drop_path_rate=0
        ),
        3,
    ),
}


def _resnetv2(**more):
    return ResNetV2((2, 1), (16, 32), CLASSES, stem_chs=8, norm_layer=BatchNormAct2d, **more)


def _timm_vit(kind):
    return kind(img_size=SIDE, patch_size=8, embed_dim=16, depth=3, num_heads=2, num_classes=CLASSES)


def build(name):
    """The network with weights and statistics that are nowhere at their trivial start, in double precision."""
    torch.manual_seed(0)
    model = NETWORKS[name][0]()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if parameter.squeeze().ndim == 1 and key.endswith(("weight", "gamma", "layer_scale")):
                parameter.uniform_(0.5, 1.5)
            else:
                parameter.add_(torch.randn_like(parameter) * 0.1)
        for norm in model.modules():
            if isinstance(norm, nn.BatchNorm2d):
                norm.running_mean.normal_(std=0.2)
                norm.running_var.uniform_(0.5, 1.5)
    return model.double().eval()


def images(n=3, seed=1):
    return torch.randn(n, 3, SIDE, SIDE, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def by_hand(model, block_names, gates):
    """A copy of the plain model whose blocks are written out with their gates: an independent composition."""
    model = copy.deepcopy(model)
    for name, gate in zip(block_names, gates, strict=True):
        block = model.get_submodule(name)
        written = WRITTEN[type(block).__module__.split(".")[0], type(block).__name__]
        block.forward = lambda h, *_, block=block, gate=gate, written=written, **__: written(block, h, gate)
    return model


def _basic(b, h, g):
    branch = b.bn2(b.conv2(F.relu(b.bn1(b.conv1(h)))))
    return F.relu(g * branch + (h if b.downsample is None else b.downsample(h)))


def _bottleneck(b, h, g):
    branch = b.bn3(b.conv3(F.relu(b.bn2(b.conv2(F.relu(b.bn1(b.conv1(h))))))))
    branch = branch if getattr(b, "se", None) is None else b.se(branch)
    return F.relu(g * branch + (h if b.downsample is None else b.downsample(h)))


def _preact(b, h, g):
    first = b.norm1(h)
    branch = b.conv2(b.norm2(b.conv1(first)))
    branch = branch if isinstance(b, PreActBasic) else b.conv3(b.norm3(branch))
    return g * branch + (h if b.downsample is None else b.downsample(first))


def _postact(b, h, g):
    branch = b.norm3(b.conv3(b.norm2(b.conv2(b.norm1(b.conv1(h))))))
    return F.relu(g * branch + (h if b.downsample is None else b.downsample(h)))


def _timm_convnext(b, h, g):
    branch = b.mlp(b.norm(b.conv_dw(h).permute(0, 2, 3, 1))).permute(0, 3, 1, 2)
    return h + g * (branch if b.gamma is None else branch * b.gamma[:, None, None])


def _timm_mobilenet(b, h, g):
    if type(b).__name__ == "DepthwiseSeparableConv":
        return h + g * b.bn2(b.conv_pw(b.se(b.bn1(b.conv_dw(h)))))
    return h + g * b.bn3(b.conv_pwl(b.se(b.bn2(b.conv_dw(b.bn1(b.conv_pw(h)))))))


def _transformer(norm1, attention, norm2, perceptron):
    """Attention and perceptron under one gate: h + g * (their sum)."""

    def written(b, h, g):
        first = attention(b, norm1(b, h))
        return h + g * (first + perceptron(b, norm2(b, h + first)))

    return written


def _self_attention(b, x):
    return b.self_attention(x, x, x, need_weights=False)[0]


def _swin_v2(b, h, g):
    first = b.norm1(b.attn(h))
    return h + g * (first + b.norm2(b.mlp(h + first)))


_PRE = {"norm1": lambda b, h: b.norm1(h), "norm2": lambda b, h: b.norm2(h), "perceptron": lambda b, h: b.mlp(h)}
_TIMM = _transformer(attention=lambda b, h: b.attn(h), **_PRE)
_TIMM_SWIN = _transformer(attention=lambda b, h: b._attn(h), **_PRE)

WRITTEN = {
    ("torchvision", "BasicBlock"): _basic,
    ("torchvision", "Bottleneck"): _bottleneck,
    ("torchvision", "CNBlock"): lambda b, h, g: h + g * b.layer_scale * b.block(h),
    ("torchvision", "MBConv"): lambda b, h, g: h + g * b.block(h),
    ("torchvision", "FusedMBConv"): lambda b, h, g: h + g * b.block(h),
    ("torchvision", "InvertedResidual"): lambda b, h, g: h + g * (b.conv if hasattr(b, "conv") else b.block)(h),
    ("torchvision", "EncoderBlock"): _transformer(
        lambda b, h: b.ln_1(h), _self_attention, lambda b, h: b.ln_2(h), lambda b, h: b.mlp(h)
    ),
    ("torchvision", "SwinTransformerBlock"): _TIMM,
    ("torchvision", "SwinTransformerBlockV2"): _swin_v2,
    ("timm", "BasicBlock"): _basic,
    ("timm", "Bottleneck"): lambda b, h, g: (_bottleneck if hasattr(b, "bn3") else _postact)(b, h, g),
    ("timm", "PreActBottleneck"): _preact,
    ("timm", "PreActBasic"): _preact,
    ("timm", "ConvNeXtBlock"): _timm_convnext,
    ("timm", "InvertedResidual"): _timm_mobilenet,
    ("timm", "DepthwiseSeparableConv"): _timm_mobilenet,
    ("timm", "Block"): _TIMM,
    ("timm", "SwinTransformerBlock"): _TIMM_SWIN,
}
