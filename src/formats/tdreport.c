// SPDX-License-Identifier: MIT
/*
 * Reads and writes TDREPORT_STRUCT.
 */
#include <string.h>

#include "formats/bytes.h"
#include "formats/tdreport.h"

/* Offsets inside TEE_TCB_INFO and TDINFO. */
enum {
	TCB_VALID = 0,
	TCB_SVN = 8,
	TCB_MRSEAM = 24,
	TCB_MRSIGNERSEAM = 72,
	TCB_ATTRIBUTES = 120,
	TCB_SVN2 = 128
};
enum {
	TD_ATTRIBUTES = 0,
	TD_XFAM = 8,
	TD_MRTD = 16,
	TD_MRCONFIGID = 64,
	TD_MROWNER = 112,
	TD_MROWNERCONFIG = 160,
	TD_RTMR = 208,
	TD_SERVTD_HASH = 400
};

/* Those that no hash covers. Later modules may use the others, and the hashes hold them. */
static const struct {
	uint16_t offset, size;
} reserved[] = {
	{ 3, 13 },
	{ 192, 32 },
	{ 495, 17 },
};

static int check_reserved(const uint8_t *p, struct format_error *err)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		for (size_t k = 0; k < reserved[i].size; k++) {
			size_t at = reserved[i].offset + k;

			if (p[at])
				return format_fail(err, at, "reserved byte", p[at], "expected 0");
		}
	}
	return 0;
}

static int check_type(const uint8_t *p, struct format_error *err)
{
	if (p[TDREPORT_TYPE] != TDREPORT_TYPE_TDX)
		return format_fail(err, TDREPORT_TYPE, "REPORTTYPE.TYPE", p[TDREPORT_TYPE],
				   "expected 0x81, TDX");
	if (p[TDREPORT_SUBTYPE])
		return format_fail(err, TDREPORT_SUBTYPE, "REPORTTYPE.SUBTYPE", p[TDREPORT_SUBTYPE],
				   "expected 0");
	if (p[TDREPORT_VERSION] > 1)
		return format_fail(err, TDREPORT_VERSION, "REPORTTYPE.VERSION", p[TDREPORT_VERSION],
				   "expected 0 or 1");
	return 0;
}

static void read_tcb(struct tee_tcb_info *tcb, const uint8_t *p)
{
	tcb->valid = get_le64(p + TCB_VALID);
	memcpy(tcb->tee_tcb_svn, p + TCB_SVN, 16);
	memcpy(tcb->mrseam, p + TCB_MRSEAM, 48);
	memcpy(tcb->mrsignerseam, p + TCB_MRSIGNERSEAM, 48);
	tcb->attributes = get_le64(p + TCB_ATTRIBUTES);
	memcpy(tcb->tee_tcb_svn2, p + TCB_SVN2, 16);
}

static void read_td(struct tdinfo *td, const uint8_t *p)
{
	td->attributes = get_le64(p + TD_ATTRIBUTES);
	td->xfam = get_le64(p + TD_XFAM);
	memcpy(td->mrtd, p + TD_MRTD, 48);
	memcpy(td->mrconfigid, p + TD_MRCONFIGID, 48);
	memcpy(td->mrowner, p + TD_MROWNER, 48);
	memcpy(td->mrownerconfig, p + TD_MROWNERCONFIG, 48);
	memcpy(td->rtmr, p + TD_RTMR, sizeof(td->rtmr));
	memcpy(td->servtd_hash, p + TD_SERVTD_HASH, 48);
}

int tdreport_parse(struct tdreport *report, const void *bytes, size_t size,
		   struct format_error *err)
{
	const uint8_t *p = bytes;

	memset(report, 0, sizeof(*report));
	if (size != TDREPORT_SIZE)
		return format_fail(err, 0, "file size", size, "expected 0x400 for a TDREPORT");
	if (check_type(p, err) || check_reserved(p, err))
		return -1;
	report->type = p[TDREPORT_TYPE];
	report->subtype = p[TDREPORT_SUBTYPE];
	report->version = p[TDREPORT_VERSION];
	memcpy(report->cpusvn, p + TDREPORT_CPUSVN, 16);
	memcpy(report->tee_tcb_info_hash, p + TDREPORT_TEE_TCB_INFO_HASH, 48);
	memcpy(report->tee_info_hash, p + TDREPORT_TEE_INFO_HASH, 48);
	memcpy(report->reportdata, p + TDREPORT_REPORTDATA, 64);
	memcpy(report->mac, p + TDREPORT_MAC, 32);
	read_tcb(&report->tcb, p + TDREPORT_TEE_TCB_INFO);
	read_td(&report->td, p + TDREPORT_TDINFO);
	return 0;
}

static void write_tcb(const struct tee_tcb_info *tcb, uint8_t *p)
{
	put_le64(p + TCB_VALID, tcb->valid);
	memcpy(p + TCB_SVN, tcb->tee_tcb_svn, 16);
	memcpy(p + TCB_MRSEAM, tcb->mrseam, 48);
	memcpy(p + TCB_MRSIGNERSEAM, tcb->mrsignerseam, 48);
	put_le64(p + TCB_ATTRIBUTES, tcb->attributes);
	memcpy(p + TCB_SVN2, tcb->tee_tcb_svn2, 16);
}

static void write_td(const struct tdinfo *td, uint8_t *p)
{
	put_le64(p + TD_ATTRIBUTES, td->attributes);
	put_le64(p + TD_XFAM, td->xfam);
	memcpy(p + TD_MRTD, td->mrtd, 48);
	memcpy(p + TD_MRCONFIGID, td->mrconfigid, 48);
	memcpy(p + TD_MROWNER, td->mrowner, 48);
	memcpy(p + TD_MROWNERCONFIG, td->mrownerconfig, 48);
	memcpy(p + TD_RTMR, td->rtmr, sizeof(td->rtmr));
	memcpy(p + TD_SERVTD_HASH, td->servtd_hash, 48);
}

void tdreport_build(const struct tdreport *report, uint8_t bytes[TDREPORT_SIZE])
{
	memset(bytes, 0, TDREPORT_SIZE);
	bytes[TDREPORT_TYPE] = report->type;
	bytes[TDREPORT_SUBTYPE] = report->subtype;
	bytes[TDREPORT_VERSION] = report->version;
	memcpy(bytes + TDREPORT_CPUSVN, report->cpusvn, 16);
	memcpy(bytes + TDREPORT_TEE_TCB_INFO_HASH, report->tee_tcb_info_hash, 48);
	memcpy(bytes + TDREPORT_TEE_INFO_HASH, report->tee_info_hash, 48);
	memcpy(bytes + TDREPORT_REPORTDATA, report->reportdata, 64);
	memcpy(bytes + TDREPORT_MAC, report->mac, 32);
	write_tcb(&report->tcb, bytes + TDREPORT_TEE_TCB_INFO);
	write_td(&report->td, bytes + TDREPORT_TDINFO);
}
