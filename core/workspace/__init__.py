"""What an owner has here, on disk: uploads, studies, results, jobs; tokens for pictures; expiry and quota."""

from __future__ import annotations

from core.workspace.case import Case, Upload, UploadState
from core.workspace.expiry import sweep_expired
from core.workspace.jobs import Job, JobState
from core.workspace.owner import Workspace
from core.workspace.tokens import picture_tokens
from core.workspace.uploads import Uploads

__all__ = [
    "Case",
    "Job",
    "JobState",
    "Upload",
    "UploadState",
    "Uploads",
    "Workspace",
    "picture_tokens",
    "sweep_expired",
]
