/* SPDX-License-Identifier: MIT */
/*
 * Between the two halves of the TDVF parser.
 */
#ifndef FORMATS_TDVF_SECTIONS_H
#define FORMATS_TDVF_SECTIONS_H

#include "formats/tdvf.h"

#define TDVF_SECTION_SIZE 32u

/* Reads and checks tdvf->count section entries at `offset`; the caller has checked that they fit.
 */
int tdvf_read_sections(struct tdvf *tdvf, size_t offset, struct format_error *err);

#endif
