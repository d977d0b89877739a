/* SPDX-License-Identifier: MIT */
/*
 * The quoting service of the software platform: turns a TDREPORT into a quote of version 4 or 5,
 * signed by a test hierarchy made for the occasion. Such a quote verifies with that hierarchy's
 * root (`verify --root`) and is refused without it as not Intel's.
 */
#ifndef ATTEST_QUOTING_H
#define ATTEST_QUOTING_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "formats/quote.h"

#define QUOTING_MAX_SIZE 8192u /* bytes that any quote of this service fits in */

struct hierarchy;
struct quoting;

/* Makes the hierarchy and an attestation key; certificates are valid for a year from `now` on.
 * NULL: failed. */
struct quoting *quoting_create(time_t now);

/*
 * The same with the hierarchy that is kept in a folder, so that one root stands for many runs. The
 * first use makes both; `folder`/root.pem is the root certificate. NULL with a reason in `why`.
 */
struct quoting *quoting_open(const char *folder, time_t now, char *why, size_t why_size);
void quoting_destroy(struct quoting *q);

/*
 * Signs a quote over a report. The report's two hashes must hold, and with a `mac_key` (32 bytes;
 * NULL: not checked) its MAC. Returns the size of the quote; 0 with a reason in `why` when it is
 * refused or `size` is too small.
 */
size_t quoting_quote(const struct quoting *q, const uint8_t report[TDREPORT_SIZE],
		     const uint8_t *mac_key, unsigned int version, uint8_t *out, size_t size,
		     char *why, size_t why_size);

/* The root certificate as PEM: what `verify --root` takes. Lives as long as the service. */
const char *quoting_root(const struct quoting *q);

/* The hierarchy itself, for collateral and revocation lists that belong to it. */
const struct hierarchy *quoting_hierarchy(const struct quoting *q);

#endif
