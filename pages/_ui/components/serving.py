"""Components of our own on this runtime: each is the files of one folder, served as a package's.

Streamlit finds packaged components by an importable package that bears the distribution's name; ours are called
core and pages, so folders are registered here instead.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest


def component(folder: Path, name: str, *, script: str, style: str) -> Any:
    """The component of that name whose door is `script` in `folder`.

    Its name carries a hash of the files: they are cached as public, and a new release must not run with old ones.
    """
    name = f"{name}-{_assets_hash(folder)}"
    manager = get_bidi_component_manager()
    full_name = f"readroom.{name}"
    if manager.get_component_asset_root(full_name) is None:
        manifest = ComponentManifest("readroom", "0", [ComponentConfig(name, asset_dir=".")])
        manager.register_from_manifest(manifest, folder)
    # Registering the same definition again in each run is how Streamlit's own examples are written.
    return st.components.v2.component(full_name, js=script, css=style)


def _assets_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted([*folder.glob("*.js"), *folder.glob("*.css")]):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]
