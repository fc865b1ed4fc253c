"""May this study be shown to this model? Verdict and reasons, before anything is computed.

Owns the comparison of a study's facts with a model's input specification. How the study was read is
`core.studies`' matter; what to do about a verdict is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from core.errors import AdmissionError
from core.inference.preprocess import choose_channels, grey_range
from core.studies.study import Kind, Study

if TYPE_CHECKING:
    from core.models.input_spec import InputSpec
    from core.models.model import Model

XRAY = frozenset({"CR", "DX", "RG", "RF", "XA", "MG", "IO", "PX"})
"""DICOM modality codes of X-ray projections (PS3.3 C.7.3.1.1.1): relatives, not the same kind of picture."""

OTHER = "OT"
"""The modality of secondary captures that state none: a digitised film, a screen shot, a drawing."""

SCREEN_BITS = 8
"""Screens and drawings have 8 bits a pixel; detectors and film scanners give more."""

COLOURED = "colour was converted to grey"
"""What the readers report of a picture whose three channels differ (`core.studies.grey`)."""

SAME_PART = {"THORAX": "CHEST"}
"""Older headers' words for the body parts of PS3.16 annex L."""

LEAST_SIDE_PX = 16
"""A film shorter than this shows nothing: refused."""

SMALL_SIDE_PX = 64
"""A film shorter than this is a thumbnail: warned about."""

FEW_SLICES = 8
"""A volume with fewer slices along an axis gives a 3-D network next to no context."""

FAR_SPACING = 3.0
"""Spacing that differs from the model's by more than this factor: structures blur or vanish."""

SIDE_VIEWS = frozenset({"LL", "RL", "LATERAL", "LAT", "LLD", "RLD", "LLO", "RLO"})
"""View positions from the side, lying on a side, or oblique (PS3.3 C.8.1.3): another picture than a frontal one."""

CUT_SHARE = 0.5
"""With more of its values than this outside the grey range that is fed, most of a picture is flat black or white."""

NARROW_SHARE = 0.05
"""Greys that fill less than this of the range that is fed: next to no contrast is left."""

SAMPLED = 1_000_000
"""Values looked at for the two shares."""


class Verdict(StrEnum):
    """What the comparison says, from best to worst."""

    ACCEPTED = "accepted"
    WARNED = "warned"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Admission:
    """The verdict and its reasons, each a sentence; refusals alone where there is one."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Finding:
    text: str
    stops: bool


def check_admission(study: Study, model: Model) -> Admission:
    """Whether the model's input specification admits the study, with every reason against it.

    An ensemble admits what each of its members admits.
    """
    if model.members:
        return _together([check_admission(study, member.model) for member in model.members])
    spec, name = model.input, model.display_name
    if spec.kind is not study.kind:
        what, other = _what(study), _plural(study)
        return Admission(
            Verdict.REFUSED, (f"{name} reads {_reads(spec)}. This is {what}. Choose a model that reads {other}.",)
        )
    findings = [*_pixels(study), *_modality(study, spec, name), *_body_part(study, spec, name), *_channels(study, spec)]
    if not any(finding.stops for finding in findings):
        findings += _greys(study, spec, name)
    findings += _film(study, spec, name) if study.kind is Kind.FILM else _volume(study, spec, name)
    stops = tuple(f.text for f in findings if f.stops)
    if stops:
        return Admission(Verdict.REFUSED, stops)
    return Admission(Verdict.WARNED if findings else Verdict.ACCEPTED, tuple(f.text for f in findings))


def said_once(noticed: Sequence[str], reasons: Sequence[str]) -> tuple[str, ...]:
    """What the reader noticed of a study, then a model's reasons; a sentence that a reason begins with is left out.

    The reader tells a fact (`core.studies`), the admission the same fact and what it means for the model.
    """
    return (*(one for one in noticed if not any(reason.startswith(one) for reason in reasons)), *reasons)


def _together(admissions: Sequence[Admission]) -> Admission:
    verdict = max((a.verdict for a in admissions), key=list(Verdict).index)
    reasons = dict.fromkeys(reason for a in admissions if a.verdict is verdict for reason in a.reasons)
    return Admission(verdict, tuple(reasons))


def require_admission(study: Study, model: Model) -> Admission:
    """The admission of a study that may be shown to the model.

    Raises
    ------
    AdmissionError : it may not; every reason is told.
    """
    admission = check_admission(study, model)
    if admission.verdict is Verdict.REFUSED:
        raise AdmissionError(
            found=" ".join(admission.reasons),
            why="A score would look like any other and mean nothing.",
            do="Choose a model that reads this kind of study, or another study.",
        )
    return admission


def _reads(spec: InputSpec) -> str:
    if spec.kind is Kind.FILM:
        return "X-rays" if not spec.modalities or XRAY & set(spec.modalities) else "single pictures"
    if "MR" in spec.modalities:
        return "MRI volumes"
    return "CT volumes" if "CT" in spec.modalities else "volumes"


def _what(study: Study) -> str:
    modality = study.report.modality
    if study.kind is Kind.VOLUME:
        return {"MR": "an MRI volume", "CT": "a CT volume"}.get(modality or "", "a volume")
    return "an X-ray" if modality in XRAY else "a single picture"


def _plural(study: Study) -> str:
    return {"an MRI volume": "MRI volumes", "a CT volume": "CT volumes", "an X-ray": "X-rays"}.get(
        _what(study), "volumes" if study.kind is Kind.VOLUME else "single pictures"
    )


def _pixels(study: Study) -> Iterator[_Finding]:
    for name, channel in zip(study.channels, study.pixels, strict=True):
        which = "" if len(study.channels) == 1 else f" in channel {name}"
        low, high = float(channel.min()), float(channel.max())
        if not (np.isfinite(low) and np.isfinite(high)):
            yield _Finding(f"Some values{which} are not numbers, so no score would mean anything.", stops=True)
        elif low == high:
            yield _Finding(f"Every value{which} is {low:g}. There is nothing to see.", stops=True)


def _modality(study: Study, spec: InputSpec, name: str) -> Iterator[_Finding]:
    modality, accepted = study.report.modality, spec.modalities
    if not accepted or modality in accepted:
        return
    listed = ", ".join(accepted)
    if modality is None:
        yield _Finding(
            f"The file does not state its modality. {name} reads {listed}; check that this is one.", stops=False
        )
    elif modality in XRAY and XRAY & set(accepted):
        yield _Finding(f"The header says modality {modality}. {name} was made for {listed}.", stops=False)
    elif modality == OTHER and (study.report.bits_stored or 0) > SCREEN_BITS:
        yield _Finding(
            f"Modality OT: the header does not say that this is an X-ray film. {name} reads {listed}; "
            "check that this is one.",
            stops=False,
        )
    else:
        yield _Finding(f"The header says modality {modality}. {name} reads {listed} only.", stops=True)


def _body_part(study: Study, spec: InputSpec, name: str) -> Iterator[_Finding]:
    part = study.report.body_part
    if not part or not spec.body_parts:
        return
    known = {_part(p) for p in spec.body_parts}
    if _part(part) not in known:
        yield _Finding(
            f"The header says body part {part.upper()}. {name} was made for {', '.join(sorted(known))}.", stops=False
        )


def _part(name: str) -> str:
    return SAME_PART.get(name.strip().upper(), name.strip().upper())


def _channels(study: Study, spec: InputSpec) -> Iterator[_Finding]:
    try:
        choose_channels(study, spec)
    except AdmissionError as refusal:
        yield _Finding(str(refusal), stops=True)


def _greys(study: Study, spec: InputSpec, name: str) -> Iterator[_Finding]:
    """Whether the values fit the range that becomes black to white; they always do where it is taken from them."""
    for channel in choose_channels(study, spec):
        pixels = study.pixels[channel]
        low, high = grey_range(pixels, study, channel, spec)
        values = pixels.reshape(-1, order="A")
        values = values[:: max(1, values.size // SAMPLED)]
        cut = float(np.mean((values < low) | (values > high)))
        inside = np.clip(np.percentile(values, (1, 99)), low, high)
        filled = float(inside[1] - inside[0]) / (high - low) if high > low else 0.0
        span = f"the grey range from {low:g} to {high:g}"
        if cut > CUT_SHARE:
            yield _Finding(
                f"{cut:.0%} of the values lie outside {span}, and are cut to its ends before {name} sees them.",
                stops=cut == 1.0,
            )
        elif filled < NARROW_SHARE:
            yield _Finding(f"The values fill {filled:.1%} of {span}: {name} sees next to no contrast.", stops=False)


def _view(study: Study, spec: InputSpec, name: str) -> Iterator[_Finding]:
    view = study.report.view
    if view is None:
        return
    if spec.views and view not in spec.views:
        yield _Finding(f"The header says view {view}. {name} was made for {', '.join(spec.views)}.", stops=False)
    elif not spec.views and view in SIDE_VIEWS:
        yield _Finding(
            f"The header says view {view}, from the side. {name} does not say that it was taught such films.",
            stops=False,
        )


def _film(study: Study, spec: InputSpec, name: str) -> Iterator[_Finding]:
    yield from _view(study, spec, name)
    if COLOURED in study.report.changed:
        yield _Finding(f"The picture is in colour. {name} was made for grey films.", stops=False)
    rows, columns = study.shape
    shorter = min(rows, columns)
    if shorter < LEAST_SIDE_PX:
        yield _Finding(
            f"The picture has {columns} x {rows} pixels; at least {LEAST_SIDE_PX} a side are needed.", stops=True
        )
    elif shorter < SMALL_SIDE_PX:
        yield _Finding(
            f"The film is very small: {columns} x {rows} pixels. Fine structure cannot be seen.", stops=False
        )


def _volume(study: Study, spec: InputSpec, name: str) -> Iterator[_Finding]:
    if spec.slice_axis is None and min(study.shape) < FEW_SLICES:
        shape = " x ".join(str(n) for n in study.shape)
        yield _Finding(
            f"The volume has {shape} voxels; with fewer than {FEW_SLICES} along an axis context is lost.", stops=False
        )
    if spec.orientation is not None and study.geometry.orientation is None:
        yield _Finding(f"The orientation is unknown; {name} takes the axes as {spec.orientation}.", stops=False)
    if spec.spacing_mm is None:
        return
    if study.geometry.spacing_mm is None:
        yield _Finding(f"The spacing is unknown; {name} expects {_mm(spec.spacing_mm)}.", stops=False)
        return
    # Sorted, because the study's axes may come in another order than the model's.
    pairs = zip(sorted(study.geometry.spacing_mm), sorted(spec.spacing_mm), strict=True)
    if any(max(have / want, want / have) > FAR_SPACING for have, want in pairs):
        yield _Finding(
            f"The spacing is {_mm(study.geometry.spacing_mm)}; {name} was made for {_mm(spec.spacing_mm)}.", stops=False
        )


def _mm(spacing: tuple[float, ...]) -> str:
    return " x ".join(f"{s:.3g}" for s in spacing) + " mm"
