// SPDX-License-Identifier: MIT
/*
 * Reads a TD quote: header, body, and where each part of the signature data stands.
 */
#include <string.h>

#include "formats/bytes.h"
#include "formats/quote.h"
#include "formats/quote_layout.h"

/* What is left of the file, or of a part of it. */
struct reader {
	const uint8_t *base;
	size_t pos, end;
	struct format_error *err;
};

static int need(const struct reader *r, size_t n, const char *what)
{
	if (bytes_fit(r->end, r->pos, n))
		return 0;
	return format_fail(r->err, r->pos, what, n, "bytes needed, 0x%zx left", r->end - r->pos);
}

static const uint8_t *take(struct reader *r, size_t n)
{
	const uint8_t *p = r->base + r->pos;

	r->pos += n;
	return p;
}

/* Narrows the reader to a part with a u32 length, checked against what is left. */
static int enter(struct reader *r, uint32_t length, size_t field, const char *what)
{
	if (!bytes_fit(r->end, r->pos, length))
		return format_fail(r->err, field, what, length,
				   "runs past the end, 0x%zx bytes left", r->end - r->pos);
	r->end = r->pos + length;
	return 0;
}

static int read_header(struct quote *q, struct reader *r)
{
	const uint8_t *p = r->base;

	if (need(r, QUOTE_HEADER_SIZE, "header"))
		return -1;
	q->version = get_le16(p + Q_VERSION);
	q->key_type = get_le16(p + Q_KEY_TYPE);
	q->tee_type = get_le32(p + Q_TEE_TYPE);
	if (q->version != 4 && q->version != 5)
		return format_fail(r->err, Q_VERSION, "version", q->version, "expected 4 or 5");
	if (q->key_type != QUOTE_KEY_ECDSA_P256)
		return format_fail(r->err, Q_KEY_TYPE, "attestation key type", q->key_type,
				   "expected 2, ECDSA-256 with curve P-256");
	if (q->tee_type != QUOTE_TEE_TDX)
		return format_fail(r->err, Q_TEE_TYPE, "TEE type", q->tee_type,
				   "expected 0x81, TDX");
	memcpy(q->qe_vendor_id, p + Q_VENDOR, sizeof(q->qe_vendor_id));
	memcpy(q->user_data, p + Q_USER_DATA, sizeof(q->user_data));
	r->pos = QUOTE_HEADER_SIZE;
	return 0;
}

static int read_descriptor(struct quote *q, struct reader *r, uint32_t *size)
{
	size_t at = r->pos;
	uint16_t type;

	q->body_type = QUOTE_BODY_TD_1_0;
	*size = QUOTE_BODY_1_0_SIZE;
	if (q->version == 4)
		return 0;
	if (need(r, Q5_DESCRIPTOR_SIZE, "body descriptor"))
		return -1;
	type = get_le16(r->base + at + Q5_BODY_TYPE);
	if (type != QUOTE_BODY_TD_1_0 && type != QUOTE_BODY_TD_1_5)
		return format_fail(r->err, at + Q5_BODY_TYPE, "body type", type,
				   "expected 2 (TDX 1.0) or 3 (TDX 1.5)");
	q->body_type = (enum quote_body_type)type;
	if (type == QUOTE_BODY_TD_1_5)
		*size = QUOTE_BODY_1_5_SIZE;
	if (get_le32(r->base + at + Q5_BODY_SIZE) != *size)
		return format_fail(r->err, at + Q5_BODY_SIZE, "body size",
				   get_le32(r->base + at + Q5_BODY_SIZE),
				   "expected 0x%x for body type %u", *size, type);
	take(r, Q5_DESCRIPTOR_SIZE);
	return 0;
}

static void decode_body(struct quote *q, const uint8_t *b)
{
	memcpy(q->tcb.tee_tcb_svn, b + B_TCB_SVN, 16);
	memcpy(q->tcb.mrseam, b + B_MRSEAM, 48);
	memcpy(q->tcb.mrsignerseam, b + B_MRSIGNERSEAM, 48);
	q->tcb.attributes = get_le64(b + B_SEAM_ATTRIBUTES);
	q->td.attributes = get_le64(b + B_TD_ATTRIBUTES);
	q->td.xfam = get_le64(b + B_XFAM);
	memcpy(q->td.mrtd, b + B_MRTD, 48);
	memcpy(q->td.mrconfigid, b + B_MRCONFIGID, 48);
	memcpy(q->td.mrowner, b + B_MROWNER, 48);
	memcpy(q->td.mrownerconfig, b + B_MROWNERCONFIG, 48);
	memcpy(q->td.rtmr, b + B_RTMR, sizeof(q->td.rtmr));
	memcpy(q->reportdata, b + B_REPORTDATA, 64);
	if (q->body_type != QUOTE_BODY_TD_1_5)
		return;
	memcpy(q->tcb.tee_tcb_svn2, b + B_TCB_SVN2, 16);
	memcpy(q->td.servtd_hash, b + B_MRSERVICETD, 48);
}

static int read_body(struct quote *q, struct reader *r)
{
	uint32_t size;

	if (read_descriptor(q, r, &size) || need(r, size, "TD report body"))
		return -1;
	decode_body(q, take(r, size));
	q->signed_part = r->base;
	q->signed_size = r->pos;
	return 0;
}

/* The header of certification data; the reader is then inside it, and it ends where its container
 * does. */
static int read_cert_header(struct reader *r, uint16_t *type, const char *what)
{
	size_t at = r->pos, end = r->end;
	const uint8_t *p;

	if (need(r, C_HEADER_SIZE, what))
		return -1;
	p = take(r, C_HEADER_SIZE);
	*type = get_le16(p + C_TYPE);
	if (enter(r, get_le32(p + C_SIZE), at + C_SIZE, "certification data size"))
		return -1;
	if (r->end != end)
		return format_fail(r->err, at + C_SIZE, "certification data size",
				   get_le32(p + C_SIZE), "0x%zx bytes after it belong to nothing",
				   end - r->end);
	return 0;
}

static int read_qe(struct quote *q, struct reader *r)
{
	if (need(r, E_AUTH, "QE report certification data"))
		return -1;
	q->qe_bytes = take(r, QUOTE_QE_REPORT_SIZE);
	qe_report_read(&q->qe, q->qe_bytes);
	q->qe_signature = take(r, QUOTE_SIGNATURE_SIZE);
	q->qe_auth_size = get_le16(take(r, 2));
	if (need(r, q->qe_auth_size, "QE authentication data"))
		return -1;
	q->qe_auth = take(r, q->qe_auth_size);
	if (read_cert_header(r, &q->cert_type, "PCK certification data"))
		return -1;
	q->cert_size = r->end - r->pos;
	q->cert = take(r, q->cert_size);
	return 0;
}

static int read_signature(struct quote *q, struct reader *r)
{
	size_t at = r->pos;
	uint16_t type;

	if (need(r, 4, "signature data length"))
		return -1;
	if (enter(r, get_le32(take(r, 4)), at, "signature data length") ||
	    need(r, S_CERT, "signature and attestation key"))
		return -1;
	q->signature = take(r, QUOTE_SIGNATURE_SIZE);
	q->key = take(r, QUOTE_KEY_SIZE);
	at = r->pos;
	if (read_cert_header(r, &type, "certification data"))
		return -1;
	if (type != QUOTE_CERT_QE_REPORT)
		return format_fail(r->err, at, "certification data type", type,
				   "expected 6, QE report certification data");
	return read_qe(q, r);
}

int quote_parse(struct quote *q, const void *bytes, size_t size, struct format_error *err)
{
	struct reader r = { bytes, 0, size, err };

	memset(q, 0, sizeof(*q));
	if (size > QUOTE_MAX_SIZE)
		return format_fail(err, 0, "file size", size, "expected 1 MiB or less for a quote");
	if (read_header(q, &r) || read_body(q, &r) || read_signature(q, &r))
		return -1;
	q->size = r.pos;
	q->trailing = size - r.pos;
	return 0;
}

bool quote_recognize(const void *bytes, size_t size)
{
	return size >= Q_TEE_TYPE + 4 &&
	       get_le32((const uint8_t *)bytes + Q_TEE_TYPE) == QUOTE_TEE_TDX;
}

void qe_report_read(struct qe_report *qe, const uint8_t p[QUOTE_QE_REPORT_SIZE])
{
	memcpy(qe->cpusvn, p + R_CPUSVN, 16);
	qe->miscselect = get_le32(p + R_MISCSELECT);
	memcpy(qe->attributes, p + R_ATTRIBUTES, 16);
	memcpy(qe->mrenclave, p + R_MRENCLAVE, 32);
	memcpy(qe->mrsigner, p + R_MRSIGNER, 32);
	qe->isvprodid = get_le16(p + R_ISVPRODID);
	qe->isvsvn = get_le16(p + R_ISVSVN);
	memcpy(qe->reportdata, p + R_REPORTDATA, 64);
}
