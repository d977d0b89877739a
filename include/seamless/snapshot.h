/* SPDX-License-Identifier: MIT */
/*
 * Snapshots: a machine's state in memory or in a file, to go back to or to go on from in another
 * machine: the state of a bug report, the start of many tests, a fork.
 *
 *   struct seamless_snapshot *s = seamless_snapshot_take(m, err, sizeof(err));
 *   ...                                                    // calls, as many as wanted
 *   seamless_snapshot_restore(s, m, err, sizeof(err));     // m is what it was
 *   seamless_snapshot_save(s, "td.snapshot", err, sizeof(err));
 *   seamless_snapshot_free(s);
 *
 * What it holds: the platform file; RAM with the key id of each page (pages that hold only zeros
 * take no space), so PAMT, secure EPTs and TDs with their running measurements; the module's own
 * memory; processors' MSRs, CPUID overrides, interrupts, the random sequence, the TSC, the hand-off
 * area, what is injected for the next call. A machine restored from it answers as the original
 * would have. Not held: threads' bindings, traces, the script, the reasons of earlier refusals,
 * counts of instructions, cached translations. With `seed random` later random numbers differ; a
 * `tsc real` goes on from the value it had.
 *
 * When: between calls. No thread may be inside a call or use the machine meanwhile; threads may
 * stay bound. With a scripted guest that includes the time between TDH.VP.ENTER's
 * SEAMLESS_TO_GUEST and the exit, since its state is in the TD's pages; an interpreted guest that
 * runs is part of a call. A snapshot itself belongs to nobody: any thread may use it, one at a
 * time; restoring several machines from it at once is allowed.
 *
 * A file is checked completely before anything of it is used, down to what the module's memory may
 * say, so that a wrong one, truncated, changed, of another version or another platform, is an error
 * "NAME: offset 0x...: what is wrong" and changes nothing. It is not authenticated: who writes it
 * decides what the machine's memory holds, private pages included.
 *
 * All functions: false or NULL is an error, told in `err` (err_len bytes, may be cut).
 */
#ifndef SEAMLESS_SNAPSHOT_H
#define SEAMLESS_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>

#include "seamless/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

struct seamless_snapshot;

/* Errors: a call under way (which processor), no memory. */
struct seamless_snapshot *seamless_snapshot_take(struct seamless_machine *m, char *err,
						 size_t err_len);

/*
 * Puts `m` into the state of the snapshot, any number of times. Pointers of seamless_shared() stay
 * good. Errors: `m` was made from another platform file (which line differs), a call is under way,
 * a guest runs in the snapshot and `m` interprets its guests, or `m` is being recorded (a
 * transcript can't tell of a restore); `m` is unchanged then.
 */
bool seamless_snapshot_restore(const struct seamless_snapshot *s, struct seamless_machine *m,
			       char *err, size_t err_len);

/*
 * A new machine in the state of the snapshot, made from the platform file in it. `guest` may differ
 * from the original's unless a guest runs. `shareable` as in struct seamless_config; such a machine
 * is of another platform than one that is not, unless its platform file says `encryption off` last.
 */
struct seamless_machine *seamless_snapshot_open(const struct seamless_snapshot *s,
						enum seamless_guest guest, bool shareable,
						char *err, size_t err_len);

/* The platform file that the snapshot's machine was made from, as long as the snapshot lives. */
const char *seamless_snapshot_text(const struct seamless_snapshot *s, size_t *len);

/*
 * What the caller wants to find again beside the machine's state: any bytes, which are copied and
 * take the place of an earlier note. It stays in the file, and a restore does not look at it.
 * False: no memory. Without a note, *len is 0; what seamless_snapshot_note() gives is valid until
 * the snapshot is freed or gets another.
 */
bool seamless_snapshot_set_note(struct seamless_snapshot *s, const void *note, size_t len);
const void *seamless_snapshot_note(const struct seamless_snapshot *s, size_t *len);

/* What seamless_snapshot_save() writes, as long as the snapshot lives and gets no other note. NULL:
 * libcrypto refuses. */
const void *seamless_snapshot_bytes(struct seamless_snapshot *s, size_t *len);

/*
 * The snapshot that these bytes are; they are copied. `name` is how errors call them. Errors: any
 * byte is not as it was written, no memory.
 */
struct seamless_snapshot *seamless_snapshot_from(const char *name, const void *bytes, size_t len,
						 char *err, size_t err_len);

/* To a file, which appears complete under its name or not at all; a device or a pipe is written to.
 */
bool seamless_snapshot_save(struct seamless_snapshot *s, const char *path, char *err,
			    size_t err_len);
struct seamless_snapshot *seamless_snapshot_load(const char *path, char *err, size_t err_len);

/* Machines that were restored or opened from it stay. NULL is allowed. */
void seamless_snapshot_free(struct seamless_snapshot *s);

#ifdef __cplusplus
}
#endif
#endif
