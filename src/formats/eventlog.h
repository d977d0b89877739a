/* SPDX-License-Identifier: MIT */
/*
 * Confidential-computing event log (UEFI 2.10 CC measurement; TCG PC Client Platform Firmware
 * Profile): a TCG_PCR_EVENT with the Spec ID event, then TCG_PCR_EVENT2 records, ended by zero or
 * all-ones padding or by the end of the file. And the ACPI CCEL table that says where the log
 * stands.
 *
 * The register index in the log is 0 for MRTD and n + 1 for RTMRn.
 */
#ifndef FORMATS_EVENTLOG_H
#define FORMATS_EVENTLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/error.h"

#define EVENTLOG_ALGORITHMS 8u	    /* digests per event that the parser takes */
#define EVENTLOG_SHA384	    0x000cu /* TPM_ALG_SHA384, the only one that RTMRs use */
#define EVENTLOG_MR_RTMR0   1u
#define EVENTLOG_MR_RTMR3   4u
#define EVENTLOG_NO_ACTION  3u /* EV_NO_ACTION: informative, extends nothing */
#define CCEL_SIZE	    56u

struct eventlog {
	const uint8_t *bytes; /* the caller's */
	size_t size;
	size_t pos; /* of the next event */
	uint32_t algorithms;
	struct {
		uint16_t id, size;
	} algorithm[EVENTLOG_ALGORITHMS];
};

struct eventlog_event {
	size_t offset;	       /* of the event in the log */
	uint32_t mr;	       /* 0 MRTD, 1 to 4 RTMR0 to RTMR3; any for EVENTLOG_NO_ACTION */
	uint32_t type;	       /* EV_* */
	const uint8_t *sha384; /* 48 bytes, or NULL when the event has no such digest */
	const uint8_t *data;
	uint32_t data_size;
};

/* Reads the Spec ID event at the start. */
int eventlog_open(struct eventlog *log, const void *bytes, size_t size, struct format_error *err);

/* The next event. 1: *event is filled; 0: the end of the log; -1: malformed. */
int eventlog_next(struct eventlog *log, struct eventlog_event *event, struct format_error *err);

/* "EV_SEPARATOR"; "unknown event" for a type without a name. */
const char *eventlog_type_name(uint32_t type);

/*
 * What of an event's data is text, cut to `size`: a variable's name, or the data when all of it is
 * printable, in one or two bytes a character. Else empty.
 */
void eventlog_text(const struct eventlog_event *event, char *text, size_t size);

/* Does a file start as an event log does? */
bool eventlog_recognize(const void *bytes, size_t size);

struct ccel {
	uint8_t cc_type, cc_subtype; /* 2, 0: TDX */
	uint64_t log_size;	     /* minimum length of the log area, bytes */
	uint64_t log_gpa;	     /* its guest physical address */
};

/* Reads the CCEL table, checksum included. */
int ccel_parse(struct ccel *ccel, const void *bytes, size_t size, struct format_error *err);

#endif
