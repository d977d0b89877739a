/* SPDX-License-Identifier: MIT */
/*
 * Guest-physical memory as the processor finds it for a guest: the secure EPT below the shared bit, the host's
 * shared EPT above it.
 */
#ifndef SEAMLESS_MODULE_GUEST_MEM_H
#define SEAMLESS_MODULE_GUEST_MEM_H

#include <stdbool.h>
#include <stdint.h>
#include "module/td.h"
#include "vmx/ept.h"

struct guest_exit;

/* The secure EPT of L1 (0) or of an L2 VM, and a shared one. */
struct ept_tree guest_private_ept(const struct module *m, const struct td *td, unsigned vm);
struct ept_tree guest_shared_ept(const struct module *m, const struct td *td, uint64_t eptp);

/* No bit beyond the TD's address width, and private if asked. */
bool guest_gpa_valid(const struct td *td, uint64_t gpa, bool must_be_private);
bool guest_gpa_shared(const struct td *td, uint64_t gpa);

/*
 * The memory behind an operand of a guest leaf, for @len bytes within a page. NULL: @x says how the call ends (TD
 * exit or #VE). The GPA must be valid.
 */
void *guest_map(struct guest_exit *x, uint64_t gpa, uint32_t access);

#endif
