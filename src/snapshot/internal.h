/* SPDX-License-Identifier: MIT */
/* A snapshot in memory: the bytes of the file, and the ways between them and a machine. */
#ifndef SNAPSHOT_INTERNAL_H
#define SNAPSHOT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/machine_impl.h"
#include "module/state.h"
#include "seamless/snapshot.h"
#include "snapshot/format.h"

/* The hashes in the header are right. `bytes` begins with a struct snapshot_header. */
struct seamless_snapshot {
	uint8_t *bytes;
	size_t len;
	bool sealed;
};

static inline struct snapshot_header *snapshot_header(const struct seamless_snapshot *s)
{
	return (struct snapshot_header *)(void *)s->bytes;
}

static inline uint8_t *snapshot_part(const struct seamless_snapshot *s, enum snapshot_part part)
{
	return s->bytes + snapshot_header(s)->part[part].offset;
}

static inline uint64_t snapshot_part_len(const struct seamless_snapshot *s, enum snapshot_part part)
{
	return snapshot_header(s)->part[part].length;
}

/* Where an error is told: "NAME: offset 0x...: ...". */
struct snapshot_error {
	const char *name;
	char *text;
	size_t len;
};

/* Always false. */
bool snapshot_wrong(const struct snapshot_error *e, uint64_t offset, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- state.c: everything but memory ---- */

uint64_t saved_layout(void);
/* Sizes of PART_PLATFORM to PART_LPS for a machine of this configuration. */
uint64_t saved_size(enum snapshot_part part, const struct platform_config *config);
void saved_save(const struct seamless_machine *m, const struct seamless_snapshot *s);
void saved_apply(struct seamless_machine *m, const struct seamless_snapshot *s);
/* Whether a guest runs on some processor. */
bool saved_in_guest(const struct seamless_snapshot *s);

/* The fields of both, to be looked at, and where one begins in its part. */
void saved_fields(const struct seamless_snapshot *s, struct platform *platform,
		  struct module *module);
uint64_t saved_platform_offset(const char *name);
uint64_t saved_module_offset(const char *name);

/* A processor's state in the module, without pointers. */
struct saved_lock {
	uint64_t pa;
	uint32_t kind, mode;
};

struct saved_lp {
	uint64_t td_pa, tdcs_pa, vp_pa, host_rsp, host_rbp, last_tdvpr;
	struct lp_step step;
	uint32_t pkg;
	uint16_t vm;
	uint8_t init_done, in_module, running, stale_tlb, fresh;
	uint8_t reserved[5];
	uint32_t held;
	struct saved_lock lock[HELD_MAX];
};

/* ---- pages.c ---- */

/* The pages that hold more than zeros, and those of the table of key ids that were ever touched. */
struct pages_map {
	uint64_t *used, *tagged;
};
uint64_t *pages_used(const struct memory *m);
uint64_t *pages_tagged(const struct memory *m);
/* The three parts that describe memory: how long they will be, and their content. */
struct pages_size {
	uint64_t keys, runs, pages; /* bytes */
};
struct pages_size pages_measure(const struct memory *m, const struct pages_map *map);
void saved_pages_save(const struct memory *m, const struct pages_map *map,
		      const struct seamless_snapshot *s);
bool pages_check(const struct seamless_snapshot *s, const struct platform_config *config,
		 const struct snapshot_error *e);
/* What the page at `pa` holds. */
void saved_page(const struct seamless_snapshot *s, uint64_t pa, uint8_t to[MEM_PAGE]);
void saved_pages_apply(struct seamless_machine *machine, const struct seamless_snapshot *s);

/* ---- frame.c, check.c: what the bytes may say ---- */

/* The header, the lengths, the hashes. */
bool check_frame(const struct seamless_snapshot *s, const struct snapshot_error *e);
/* The lengths that follow from the platform. */
bool check_sizes(const struct seamless_snapshot *s, const struct platform_config *config,
		 const struct snapshot_error *e);
/* The content of the parts, on a machine of this configuration. */
bool check_content(const struct seamless_snapshot *s, const struct platform_config *config,
		   const struct snapshot_error *e);
/* Fills in the hashes. False: libcrypto refuses. */
bool snapshot_seal(struct seamless_snapshot *s);

#endif
