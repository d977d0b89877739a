/* SPDX-License-Identifier: MIT */
/*
 * Offsets inside a quote, shared by its parser and its builder.
 */
#ifndef FORMATS_QUOTE_LAYOUT_H
#define FORMATS_QUOTE_LAYOUT_H

/* Header. */
enum { Q_VERSION = 0, Q_KEY_TYPE = 2, Q_TEE_TYPE = 4, Q_VENDOR = 12, Q_USER_DATA = 28 };

/* Version 5: a descriptor between header and body. */
enum { Q5_BODY_TYPE = 0, Q5_BODY_SIZE = 2, Q5_DESCRIPTOR_SIZE = 6 };

/* TD report body. */
enum {
	B_TCB_SVN = 0,
	B_MRSEAM = 16,
	B_MRSIGNERSEAM = 64,
	B_SEAM_ATTRIBUTES = 112,
	B_TD_ATTRIBUTES = 120,
	B_XFAM = 128,
	B_MRTD = 136,
	B_MRCONFIGID = 184,
	B_MROWNER = 232,
	B_MROWNERCONFIG = 280,
	B_RTMR = 328,
	B_REPORTDATA = 520,
	B_TCB_SVN2 = 584,
	B_MRSERVICETD = 600
};

/* Signature data, after its u32 length. */
enum { S_SIGNATURE = 0, S_KEY = 64, S_CERT = 128 };

/* Certification data: u16 type, u32 size, data. */
enum { C_TYPE = 0, C_SIZE = 2, C_HEADER_SIZE = 6 };

/* Certification data of type 6. */
enum { E_REPORT = 0, E_SIGNATURE = 384, E_AUTH_SIZE = 448, E_AUTH = 450 };

/* SGX REPORT body. */
enum {
	R_CPUSVN = 0,
	R_MISCSELECT = 16,
	R_ATTRIBUTES = 48,
	R_MRENCLAVE = 64,
	R_MRSIGNER = 128,
	R_ISVPRODID = 256,
	R_ISVSVN = 258,
	R_REPORTDATA = 320
};

#endif
