/* SPDX-License-Identifier: MIT */
/*
 * Metadata lists: a page of sequences, each a header (the id of its first field, how many fields of how many elements)
 * and 8 bytes per element. TDH.SYS.RDALL writes them, live migration carries them.
 */
#ifndef SEAMLESS_MODULE_MD_LIST_H
#define SEAMLESS_MODULE_MD_LIST_H

#include <stdint.h>
#include "module/metadata.h"

#define MD_ELEMENTS_MAX 16u

/* Finds a whole field: its first element, with the right element size. */
bool md_find_field(const struct md_access *a, uint64_t id, struct md_at *at);

/*
 * Writes the fields from @first on (MD_NONE: all) into the @size bytes at @list. @next: the field that found no room,
 * MD_NONE after the last; METADATA_LIST_OVERFLOW if there is one.
 */
uint64_t md_dump_list(const struct md_access *a, uint64_t first, void *list, uint32_t size, uint64_t *next);

/*
 * Imports the fields of a list of one page, which must start with @expected (MD_NONE: the first field) but for what
 * may be left out. @next: the field that the next list must start with; after the @last none that is required may be
 * left. @info: the field at fault. The status may have the number of the sequence added.
 */
uint64_t md_take_list(const struct md_access *a, uint64_t expected, const void *list, bool last, uint64_t *next,
		      uint64_t info[2]);

#endif
