"""`keygen`, `sign`, `verify`, `audit`: who made a model's files, and whether they are still those."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.frame import Exit
from core.cli.say import answer, answer_json, complain

if TYPE_CHECKING:
    from core.registry.audit import AuditedFile

PublicKey = Annotated[Path | None, typer.Option("--public-key", metavar="FILE", help="Instead of READROOM_PUBLIC_KEY.")]


def keygen(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the two halves go; made if need be.")],
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help="Ask for a passphrase that encrypts the private half.")
    ] = False,
) -> None:
    """Make a key to sign models with: private-key.pem (keep it) and public-key.pem (give it away)."""
    from core.workflows.integrity import make_keys

    said = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True) if passphrase else None
    pair = make_keys(folder, said)
    answer(f"private key  {pair.private} (readable by you alone)")
    answer(f"public key   {pair.public}")


def sign(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A checkpoint's folder with all in it, or a file.")],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The private key.")],
) -> None:
    """Sign a model; the signature lies in the folder as model.sig, or beside the file as FILE.sig."""
    from core.registry.signing import is_encrypted
    from core.workflows.integrity import sign as sign_it

    said = typer.prompt("Passphrase", hide_input=True, err=True) if is_encrypted(key) else None
    answer(f"signed: {sign_it(path, key, said)}")


def verify(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A checkpoint's folder, or a file.")],
    public_key: PublicKey = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Hold a model against its signature; what is extra, missing or changed is named, and the exit code is 1."""
    from core.models.signatures import SignatureState
    from core.workflows.integrity import verify as verify_it

    check = verify_it(path, public_key)
    if as_json:
        answer_json({"state": str(check.state), "said": check.said, **asdict(check.differing)})
    else:
        answer(check.sentence())
    raise typer.Exit(Exit.DONE if check.state is SignatureState.VERIFIED else Exit.REFUSED)


def audit(
    public_key: PublicKey = None,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="FILE", help="Write the list of all files with their SHA-256.")
    ] = None,
    against: Annotated[Path | None, typer.Option("--against", metavar="FILE", help="Compare with such a list.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file.")] = False,
) -> None:
    """Tell the state of every file on the shelf and in the store; exit code 1 where one is wrong by the policy."""
    from core.workflows.integrity import against_manifest, audit_shelf, write_manifest

    found = audit_shelf(public_key)
    for file in found:
        _tell(file, as_json=as_json)
    wrong = sum(file.wrong for file in found)
    counts = Counter(str(file.state) for file in found)
    complain(
        f"{len(found)} files: {', '.join(f'{n} {state}' for state, n in counts.items()) or 'none'}; {wrong} wrong."
    )
    if against is not None and (differing := against_manifest(against)):
        complain(f"Against the list: {differing.sentence()}.")
        wrong += 1
    if write is not None:
        complain(f"{write_manifest(write)} files listed in {write}.")
    raise typer.Exit(Exit.REFUSED if wrong else Exit.DONE)


def _tell(file: AuditedFile, *, as_json: bool) -> None:
    if as_json:
        answer_json(asdict(file))
        return
    mark = "!!" if file.wrong else "ok"
    answer(f"[{mark}] {file.state}: {file.place}/{file.name}")
    if file.said:
        answer(f"     {file.said}")
