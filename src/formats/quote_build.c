// SPDX-License-Identifier: MIT
/*
 * Writes a TD quote. Signing is the caller's.
 */
#include <string.h>

#include "formats/bytes.h"
#include "formats/quote.h"
#include "formats/quote_layout.h"

static void write_header(const struct quote *q, uint8_t *p)
{
	memset(p, 0, QUOTE_HEADER_SIZE);
	put_le16(p + Q_VERSION, q->version);
	put_le16(p + Q_KEY_TYPE, q->key_type);
	put_le32(p + Q_TEE_TYPE, q->tee_type);
	memcpy(p + Q_VENDOR, q->qe_vendor_id, sizeof(q->qe_vendor_id));
	memcpy(p + Q_USER_DATA, q->user_data, sizeof(q->user_data));
}

static void write_td(const struct quote *q, uint8_t *b)
{
	memcpy(b + B_TCB_SVN, q->tcb.tee_tcb_svn, 16);
	memcpy(b + B_MRSEAM, q->tcb.mrseam, 48);
	memcpy(b + B_MRSIGNERSEAM, q->tcb.mrsignerseam, 48);
	put_le64(b + B_SEAM_ATTRIBUTES, q->tcb.attributes);
	put_le64(b + B_TD_ATTRIBUTES, q->td.attributes);
	put_le64(b + B_XFAM, q->td.xfam);
	memcpy(b + B_MRTD, q->td.mrtd, 48);
	memcpy(b + B_MRCONFIGID, q->td.mrconfigid, 48);
	memcpy(b + B_MROWNER, q->td.mrowner, 48);
	memcpy(b + B_MROWNERCONFIG, q->td.mrownerconfig, 48);
	memcpy(b + B_RTMR, q->td.rtmr, sizeof(q->td.rtmr));
	memcpy(b + B_REPORTDATA, q->reportdata, 64);
}

size_t quote_write_body(const struct quote *q, uint8_t *out, size_t size)
{
	size_t body = QUOTE_BODY_1_0_SIZE, at = QUOTE_HEADER_SIZE;

	if (q->version == 5) {
		at += Q5_DESCRIPTOR_SIZE;
		body = QUOTE_BODY_1_5_SIZE;
	}
	if (size < at + body)
		return 0;
	write_header(q, out);
	if (q->version == 5) {
		put_le16(out + QUOTE_HEADER_SIZE + Q5_BODY_TYPE, QUOTE_BODY_TD_1_5);
		put_le32(out + QUOTE_HEADER_SIZE + Q5_BODY_SIZE, QUOTE_BODY_1_5_SIZE);
		memcpy(out + at + B_TCB_SVN2, q->tcb.tee_tcb_svn2, 16);
		memcpy(out + at + B_MRSERVICETD, q->td.servtd_hash, 48);
	}
	write_td(q, out + at);
	return at + body;
}

static uint8_t *write_cert_header(uint8_t *p, enum quote_cert_type type, size_t size)
{
	put_le16(p + C_TYPE, (uint16_t)type);
	put_le32(p + C_SIZE, (uint32_t)size);
	return p + C_HEADER_SIZE;
}

size_t quote_write_signature(const struct quote *q, uint8_t *out, size_t size)
{
	size_t outer = E_AUTH + q->qe_auth_size + C_HEADER_SIZE + q->cert_size;
	size_t length = S_CERT + C_HEADER_SIZE + outer;
	uint8_t *p = out + q->signed_size;

	if (q->qe_auth_size > UINT16_MAX || q->cert_size > QUOTE_MAX_SIZE ||
	    !bytes_fit(size, q->signed_size, 4 + length))
		return 0;
	put_le32(p, (uint32_t)length);
	p += 4;
	memcpy(p + S_SIGNATURE, q->signature, QUOTE_SIGNATURE_SIZE);
	memcpy(p + S_KEY, q->key, QUOTE_KEY_SIZE);
	p = write_cert_header(p + S_CERT, QUOTE_CERT_QE_REPORT, outer);
	memcpy(p + E_REPORT, q->qe_bytes, QUOTE_QE_REPORT_SIZE);
	memcpy(p + E_SIGNATURE, q->qe_signature, QUOTE_SIGNATURE_SIZE);
	put_le16(p + E_AUTH_SIZE, (uint16_t)q->qe_auth_size);
	if (q->qe_auth_size)
		memcpy(p + E_AUTH, q->qe_auth, q->qe_auth_size);
	p = write_cert_header(p + E_AUTH + q->qe_auth_size, QUOTE_CERT_PCK_CHAIN, q->cert_size);
	memcpy(p, q->cert, q->cert_size);
	return q->signed_size + 4 + length;
}

void qe_report_write(const struct qe_report *qe, uint8_t p[QUOTE_QE_REPORT_SIZE])
{
	memset(p, 0, QUOTE_QE_REPORT_SIZE);
	memcpy(p + R_CPUSVN, qe->cpusvn, 16);
	put_le32(p + R_MISCSELECT, qe->miscselect);
	memcpy(p + R_ATTRIBUTES, qe->attributes, 16);
	memcpy(p + R_MRENCLAVE, qe->mrenclave, 32);
	memcpy(p + R_MRSIGNER, qe->mrsigner, 32);
	put_le16(p + R_ISVPRODID, qe->isvprodid);
	put_le16(p + R_ISVSVN, qe->isvsvn);
	memcpy(p + R_REPORTDATA, qe->reportdata, 64);
}
