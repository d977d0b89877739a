/* SPDX-License-Identifier: MIT */
/*
 * Physical memory as the host has it. Addresses are physical, without key id, in bytes; a range
 * that does not lie in RAM completely is refused (false, NULL) and nothing happens. A page under a
 * private key reads as ciphertext; writing to one destroys it, and its TD meets an integrity
 * failure at its next access. Any thread may do so at any time; two that write the same bytes at
 * once race, as on hardware. A length of 0 is allowed.
 */
#ifndef SEAMLESS_MEMORY_H
#define SEAMLESS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seamless/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The host's loads and stores; fill: len times the same byte. */
bool seamless_read(struct seamless_machine *m, uint64_t pa, void *buf, uint64_t len);
bool seamless_write(struct seamless_machine *m, uint64_t pa, const void *buf, uint64_t len);
bool seamless_fill(struct seamless_machine *m, uint64_t pa, uint64_t len, uint8_t byte);

/* 64-bit FNV-1a (basis cbf29ce484222325, prime 100000001b3) of what seamless_read() would give. */
bool seamless_hash(struct seamless_machine *m, uint64_t pa, uint64_t len, uint64_t *hash);

/*
 * Shared memory itself, for rings and buffers that host and guest both use. Private pages in the
 * range are destroyed. The pointer stays good until the machine is destroyed, but a page given to a
 * TD later must not be touched through it.
 */
void *seamless_shared(struct seamless_machine *m, uint64_t pa, uint64_t len);

/*
 * From now on, what is written into shared memory through a pointer that seamless_shared() gave, or
 * by another process that maps seamless_memory_fd(), is told to the traces before the next call, as
 * SEAMLESS_EVENT_WRITE; so is, once, what the module itself wrote there. Each call then compares
 * all such memory with what it held. Call it while no thread uses the machine. False: no memory.
 */
bool seamless_watch_memory(struct seamless_machine *m);

/* Plaintext of any page, as the TD that owns it sees it. For tests and scripted guests, not for a
 * VMM. */
bool seamless_private_read(struct seamless_machine *m, uint64_t pa, void *buf, uint64_t len);
bool seamless_private_write(struct seamless_machine *m, uint64_t pa, const void *buf, uint64_t len);
bool seamless_private_hash(struct seamless_machine *m, uint64_t pa, uint64_t len, uint64_t *hash);

#ifdef __cplusplus
}
#endif
#endif
