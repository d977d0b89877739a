/* SPDX-License-Identifier: MIT */
/*
 * TDX metadata of a firmware image (Intel TDX Virtual Firmware Design Guide, "TDVF Metadata";
 * td-shim specification for the later section types). It tells the VMM what to load where before
 * the TD runs, and what of it to measure.
 *
 * The descriptor is found through the GUIDed table that ends 0x30 bytes before the end of the image
 * (offset counted from the end of the image), else through the 32-bit pointer 0x20 bytes before the
 * end (offset counted from its start).
 */
#ifndef FORMATS_TDVF_H
#define FORMATS_TDVF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/error.h"

#define TDVF_PAGE_SIZE 4096u

/* More than any image known has (6 to 12). */
#define TDVF_MAX_SECTIONS 64u

/* Bytes of memory that all sections together may have added at build time. */
#define TDVF_MAX_ADDED (4ull << 30)

/* Of these, bytes that may be measured: a damaged size is not to keep anybody waiting. */
#define TDVF_MAX_EXTENDED (512ull << 20)

enum tdvf_type {
	TDVF_BFV = 0,	   /* boot firmware volume: code, with the reset vector */
	TDVF_CFV = 1,	   /* configuration firmware volume: variables */
	TDVF_TD_HOB = 2,   /* the VMM puts the TD HOB list here (formats/hob.h) */
	TDVF_TEMP_MEM = 3, /* zeroed memory: stack, heap, mailbox, page tables */
	TDVF_PERM_MEM = 4, /* memory given for good, added when the TD runs (PAGE.AUG) */
	TDVF_PAYLOAD = 5, /* kernel; in the image, or put here by the VMM when it has no raw data */
	TDVF_PAYLOAD_PARAM = 6, /* kernel command line, put here by the VMM */
	TDVF_TD_INFO = 7,	/* describes the image; not loaded */
	TDVF_TD_PARAMS = 8,	/* TD_PARAMS for the TD; not loaded */
	TDVF_TYPES,
};

#define TDVF_ATTR_MR_EXTEND 0x1u /* contents are extended into MRTD (TDH.MR.EXTEND) */
#define TDVF_ATTR_PAGE_AUG  0x2u /* not added at build time: TDH.MEM.PAGE.AUG when the TD runs */

struct tdvf_section {
	uint32_t data_offset; /* raw data in the image, bytes from its start; inside the image */
	uint32_t raw_size;    /* bytes of raw data, at most `size`; 0: none, memory is zero */
	uint64_t gpa;	      /* guest physical address, 4 KiB aligned */
	uint64_t size;	      /* bytes of guest memory, a multiple of 4 KiB; 0: not loaded */
	uint32_t type;	      /* enum tdvf_type */
	uint32_t attributes;  /* TDVF_ATTR_* */
};

struct tdvf {
	const uint8_t *image; /* the caller's; must outlive this structure */
	size_t image_size;
	size_t descriptor; /* offset of the descriptor in the image */
	bool by_guid;	   /* found through the GUIDed table, not the legacy pointer */
	uint32_t count;
	struct tdvf_section
		section[TDVF_MAX_SECTIONS]; /* in table order, the order of measurement */
};

/*
 * Finds and validates the metadata of an image. After success every section is safe to load: raw
 * data lies inside the image, memory is page-aligned, does not wrap, and no two sections that
 * are added share memory.
 */
int tdvf_parse(struct tdvf *tdvf, const void *image, size_t size, struct format_error *err);

/* "BFV", "CFV", "TD_HOB" ...; "unknown" for a type that does not exist. */
const char *tdvf_type_name(uint32_t type);

/* Does the VMM add this section's pages with TDH.MEM.PAGE.ADD before the TD runs? */
bool tdvf_is_added(const struct tdvf_section *section);

/* Are its contents extended into MRTD? Only sections that are added are. */
bool tdvf_is_extended(const struct tdvf_section *section);

/*
 * The 4 KiB of initial contents at `offset` (a multiple of 4 KiB, below section->size): raw data
 * where it lies in the image; put together in `room` where there are zeros beyond it.
 */
const uint8_t *tdvf_page(const struct tdvf *tdvf, const struct tdvf_section *section,
			 uint64_t offset, uint8_t room[TDVF_PAGE_SIZE]);

/* The first section of a type, or NULL. */
const struct tdvf_section *tdvf_find(const struct tdvf *tdvf, enum tdvf_type type);

#endif
