/* SPDX-License-Identifier: MIT */
/*
 * Signed JSON documents of Intel's Provisioning Certification Service:
 * {"NAME":{...},"signature":"<hex>"}, the signature being ECDSA P-256 over the text of the object
 * as it stands in the file.
 */
#ifndef ATTEST_COLLATERAL_H
#define ATTEST_COLLATERAL_H

#include <jansson.h>

#include "attest/check.h"

/* Members of an object; -1 or false for one that is absent or of another form. */
json_int_t json_number(const json_t *object, const char *name);
bool json_hex(const json_t *object, const char *name, uint8_t *out, size_t size);
const char *json_text(const json_t *object, const char *name); /* never NULL */

/* Adds the link for a TCB status, with its date and advisories. Level NULL: no level matched. */
void check_tcb_status(const json_t *level, const char *name, const char *what,
		      struct attest_links *links);

/* The parts of check_collateral(), once the document is read. */
void check_tcb_info(const json_t *info, const struct chain *chain, const struct quote *quote,
		    struct attest_links *links);
void check_qe_identity(const json_t *identity, const struct quote *quote,
		       struct attest_links *links);

#endif
