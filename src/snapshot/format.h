/* SPDX-License-Identifier: MIT */
/*
 * The file: a header that says where each part is and what it hashes to, then the parts without
 * gaps, so that every byte is covered by a hash. Numbers are as x86 has them in memory.
 */
#ifndef SNAPSHOT_FORMAT_H
#define SNAPSHOT_FORMAT_H

#include <stdint.h>

#include "platform/crypto.h"

#define SNAPSHOT_MAGIC	 "SEAMSNAP"
#define SNAPSHOT_VERSION 2u

enum snapshot_part {
	PART_TEXT,     /* the platform file */
	PART_PLATFORM, /* fields of struct platform and its memory's (state.c) */
	PART_MSRS,     /* struct lp_msrs of each processor */
	PART_HANDOFF,  /* the hand-off area */
	PART_MODULE,   /* fields of struct module */
	PART_LPS,      /* struct saved_lp of each processor */
	PART_KEYS,     /* struct key_run: pages under a key id other than 0 */
	PART_RUNS,     /* struct page_run: pages that hold more than zeros */
	PART_PAGES,    /* their content */
	PART_NOTE,     /* the caller's */
	PARTS,
};

struct snapshot_entry {
	uint64_t offset, length;
	uint8_t hash[SHA384_SIZE];
};

struct snapshot_header {
	char magic[8];
	uint32_t version;
	uint32_t parts;
	uint64_t length; /* of all */
	uint64_t layout; /* of the fields in PART_PLATFORM, PART_MODULE and PART_LPS */
	uint8_t platform[SHA384_SIZE]; /* hash of the platform file */
	struct snapshot_entry part[PARTS];
	uint8_t hash[SHA384_SIZE]; /* of the header up to here */
};

/* Runs ascend, do not touch, and lie in RAM. */
struct key_run {
	uint64_t first, count; /* page numbers */
	uint64_t tag;	       /* key id, or MEM_DESTROYED */
};

struct page_run {
	uint64_t first, count;
};

#endif
