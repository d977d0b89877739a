/* SPDX-License-Identifier: MIT */
/*
 * TDREPORT_STRUCT, the 1,024 bytes that TDG.MR.REPORT gives a guest (Intel TDX Module ABI
 * specification, "TDREPORT_STRUCT"), and the TD attributes and XFAM inside.
 *
 *   0    REPORTMACSTRUCT  256 bytes  MACed; carries SHA-384 of the other two
 *   256  TEE_TCB_INFO     239 bytes  the module's identity (1.5.01 declares 256, the rest reserved)
 *   495  reserved          17 bytes
 *   512  TDINFO_STRUCT    512 bytes  the TD's identity and measurements
 */
#ifndef FORMATS_TDREPORT_H
#define FORMATS_TDREPORT_H

#include <stddef.h>
#include <stdint.h>

#include "formats/error.h"

#define TDREPORT_SIZE  1024u
#define TDREPORT_RTMRS 4u

/* Byte offsets from the start of the report. */
enum tdreport_offset {
	TDREPORT_TYPE = 0,
	TDREPORT_SUBTYPE = 1,
	TDREPORT_VERSION = 2,
	TDREPORT_CPUSVN = 16,
	TDREPORT_TEE_TCB_INFO_HASH = 32,
	TDREPORT_TEE_INFO_HASH = 80,
	TDREPORT_REPORTDATA = 128,
	TDREPORT_MAC = 224, /* HMAC-SHA-256 over the bytes before it */
	TDREPORT_TEE_TCB_INFO = 256,
	TDREPORT_TDINFO = 512,
	TDREPORT_RTMR0 = 720,
};

#define TDREPORT_TEE_TCB_INFO_SIZE 239u /* these bytes are hashed into TEE_TCB_INFO_HASH */
#define TDREPORT_TDINFO_SIZE	   512u /* these into TEE_INFO_HASH */
#define TDREPORT_TYPE_TDX	   0x81u

/* TEE_TCB_INFO_STRUCT */
struct tee_tcb_info {
	uint64_t valid; /* bit n: the n-th group of fields is valid */
	uint8_t tee_tcb_svn[16];
	uint8_t mrseam[48];
	uint8_t mrsignerseam[48];
	uint64_t attributes;
	uint8_t tee_tcb_svn2[16]; /* zero in a report of a 1.0 module */
};

/* TDINFO_STRUCT */
struct tdinfo {
	uint64_t attributes; /* TD attributes: tdx_attributes_names */
	uint64_t xfam;	     /* extended features the TD may use: tdx_xfam_names */
	uint8_t mrtd[48];
	uint8_t mrconfigid[48];
	uint8_t mrowner[48];
	uint8_t mrownerconfig[48];
	uint8_t rtmr[TDREPORT_RTMRS][48];
	uint8_t servtd_hash[48];
};

struct tdreport {
	uint8_t type;	 /* TDREPORT_TYPE_TDX */
	uint8_t subtype; /* 0 */
	uint8_t version; /* 0; 1 when a service TD is bound */
	uint8_t cpusvn[16];
	uint8_t tee_tcb_info_hash[48];
	uint8_t tee_info_hash[48];
	uint8_t reportdata[64];
	uint8_t mac[32];
	struct tee_tcb_info tcb;
	struct tdinfo td;
};

/*
 * Reads a report: `size` must be 1,024, the type TDX, reserved bytes that no hash
 * covers zero. No hash is checked here.
 */
int tdreport_parse(struct tdreport *report, const void *bytes, size_t size,
		   struct format_error *err);

/* Writes a report; reserved bytes are zero. */
void tdreport_build(const struct tdreport *report, uint8_t bytes[TDREPORT_SIZE]);

/*
 * Does XFAM set what must be set, and together what must go together? NULL, or what is wrong.
 */
const char *tdx_xfam_wrong(uint64_t xfam);

/* Names of the bits that are set, comma-separated; "none". Unknown bits as "bit N". Returns `text`.
 */
char *tdx_attributes_names(uint64_t attributes, char *text, size_t size);
char *tdx_xfam_names(uint64_t xfam, char *text, size_t size);

#endif
