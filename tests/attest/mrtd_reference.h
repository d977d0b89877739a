/* SPDX-License-Identifier: MIT */
/*
 * MRTD computed directly with SHA-384 from what the specification says TDH.MEM.PAGE.ADD and
 * TDH.MR.EXTEND measure, without a module: the tests hold what the module measures against it.
 */
#ifndef TESTS_ATTEST_MRTD_REFERENCE_H
#define TESTS_ATTEST_MRTD_REFERENCE_H

#include <stdbool.h>

#include "formats/tdvf.h"

/* two_pass: all pages of a section are added, then all are extended; else page by page. */
bool mrtd_reference(const struct tdvf *tdvf, bool two_pass, uint8_t mrtd[48]);

#endif
