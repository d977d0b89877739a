/* SPDX-License-Identifier: MIT */
/*
 * Keeps a test hierarchy in a folder, in two files: one has the keys and certificates, the other
 * the root certificate alone, for `verify --root`.
 */
#ifndef ATTEST_KEY_STORE_H
#define ATTEST_KEY_STORE_H

#include "attest/hierarchy.h"

#define KEY_STORE_HIERARCHY "hierarchy.pem"
#define KEY_STORE_ROOT	    "root.pem"

/*
 * Makes the folder if it is missing. If it keeps a hierarchy already, *kept is that one; else it
 * keeps `fresh` from now on and *kept is a copy. Takes `fresh` over in any case. False with a
 * reason in `why`: *kept is empty then.
 */
bool key_store_keep(const char *folder, struct hierarchy *fresh, time_t now, struct hierarchy *kept,
		    char *why, size_t why_size);

#endif
