"""Digital signatures (PAdES B-B, SHA-256) by this installation's own authority.

The authority is made once and lives under SIGNING_KEYS_DIR. Each signature has a key and a certificate of its own,
which names the organization and the signer; the key is forgotten when the signature is made, so that nothing but the
authority itself could ever be stolen. That proves integrity and origin inside the company; it is not a qualified
signature by law, and the report says so.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.conf import settings
from django.utils.translation import gettext as _

YEARS = timedelta(days=365 * 30)
FIELD = "StockcheckSignature"


@dataclass(frozen=True)
class Seal:
    """What a file's signature says. `problem` is empty if it is ours, intact and covers the whole file."""

    problem: str
    signer: str = ""
    organization: str = ""
    signed_at: datetime | None = None

    @property
    def is_valid(self) -> bool:
        return not self.problem


def sign(pdf: bytes, *, organization: str, signer: str, reason: str) -> bytes:
    """The PDF with a certifying signature appended: every later change breaks it."""
    from asn1crypto import keys
    from asn1crypto import x509 as asn1_x509
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    key, certificate, authority = _issue(organization, signer)
    store = SimpleCertificateStore()
    store.register(asn1_x509.Certificate.load(authority.public_bytes(serialization.Encoding.DER)))
    pdf_signer = signers.PdfSigner(
        signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            name=signer,
            location=organization,
            reason=reason,
            subfilter=SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
        ),
        signer=signers.SimpleSigner(
            signing_cert=asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER)),
            signing_key=keys.PrivateKeyInfo.load(
                key.private_bytes(
                    serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            ),
            cert_registry=store,
        ),
    )
    return pdf_signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf))).getvalue()


def check(pdf: bytes) -> Seal:
    """Whether the file bears a signature of this installation and is as it was signed, to the last byte."""
    from asn1crypto import x509 as asn1_x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    _key, authority = _authority(_path())
    root = asn1_x509.Certificate.load(authority.public_bytes(serialization.Encoding.DER))
    try:
        signatures = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures
        if not signatures:
            return Seal(_("The file bears no digital signature."))
        status = validate_pdf_signature(signatures[-1], ValidationContext(trust_roots=[root], allow_fetching=False))
    except Exception:  # a damaged file may break the reader anywhere
        return Seal(_("The signature cannot be read: the file was changed."))
    subject = status.signing_cert.subject.native
    seal = {
        "signer": subject.get("common_name", ""),
        "organization": subject.get("organization_name", ""),
        "signed_at": status.signer_reported_dt,
    }
    if not (status.intact and status.valid) or status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
        return Seal(_("The file was changed after it was signed."), **seal)
    if not status.trusted:
        return Seal(_("The signature was not made by this installation."), **seal)
    return Seal("" if status.bottom_line else _("The file was changed after it was signed."), **seal)


def _path() -> Path:
    return Path(settings.SIGNING_KEYS_DIR) / "reports-authority.pem"


@cache
def _authority(path: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(_new_authority())
        try:
            os.link(draft, path)  # the first process wins, the others read what it wrote
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    pem = path.read_bytes()
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key, x509.load_pem_x509_certificate(pem)


def _new_authority() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stockcheck report authority")])
    now = datetime.now(UTC)
    certificate = (
        _builder(name, name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)


def _issue(organization: str, signer: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate, x509.Certificate]:
    authority_key, authority = _authority(_path())
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, signer[:64]),
        ]
    )
    certificate = (
        _builder(subject, authority.subject, key.public_key(), datetime.now(UTC), authority.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return key, certificate, authority


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    until: datetime | None = None,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(until or now + YEARS)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=not signs_certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
