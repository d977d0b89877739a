/* SPDX-License-Identifier: MIT */
/*
 * Faults on demand: what happens on hardware by chance, made to happen to the calls that a rule
 * names. A lock is found taken, a random number is not there, an interrupt comes in the middle of
 * a leaf.
 *
 *   seamless_fault_add(m, "TDH.MEM.RANGE.BLOCK OPERAND_BUSY(SEPT_TREE) nth=3", err, err_len);
 *
 * A rule is one line of at most 160 bytes:
 *
 *   LEAF STATUS [CONDITION...]
 *
 * LEAF is the name of a SEAMCALL or TDCALL leaf; `*` stands for any characters, `?` for one
 * ("TDH.MEM.*"). Case does not matter, '_' is '.'.
 *
 * STATUS is a status that the leaf can be refused with: OPERAND_BUSY(SEPT_TREE), or OPERAND_BUSY
 * alone, which is of the operand that comes first. Of a pattern's leaves the rule is for those
 * that have the status; for another status the error lists those that the leaf has. What happens:
 *
 * - OPERAND_BUSY, SYS_BUSY: the lock is found taken.
 * - RND_NO_ENTROPY: RDRAND and RDSEED give nothing during the call.
 * - KEY_GENERATION_FAILED: PCONFIG has no entropy.
 * - INTERRUPTED_RESUMABLE, INTERRUPTED_RESTARTABLE: an interrupt for the host comes when the leaf
 *   looks for one. It stops midway, and the next call goes on. The first is also for the guest's
 *   leaves that an interrupt stops (TDG.MEM.PAGE.ACCEPT, TDG.MR.REPORT, TDG.VP.INVVPID): the TD
 *   exits, the TDCALL runs again.
 * - OPERAND_BUSY_HOST_PRIORITY: a guest's lock is refused as if the host wanted it. The guest sees
 *   OPERAND_BUSY, and when that lasts the TD exits with HOST_PRIORITY_BUSY_TIMEOUT.
 * - HOST_PRIORITY_BUSY_TIMEOUT: the same, and it has lasted already.
 * - any other: the call is refused when its checks have passed and nothing has changed.
 *
 * A call that its own checks refuse is refused with that. TDH.VP.ENTER can be refused, but not
 * made to end a guest's run; the state that a status tells of (TD_FATAL ...) is not entered. A
 * fault leaves no trace but what the leaf itself leaves with that status.
 *
 * CONDITIONs must all hold. Numbers are decimal or 0x hexadecimal, RANGE is VALUE or FROM-TO. Of
 * operands (those with a RANGE), at most eight:
 *
 * - td=RANGE: calls about the TD with its TDR there; a TDCALL of that TD
 * - vcpu=RANGE: calls about the vCPU with its TDVPR there; a TDCALL of that vCPU
 * - page=RANGE: calls with a page of a TD there as an operand (not the host's own buffers)
 * - gpa=RANGE: calls about that guest-physical address
 * - OPERAND=RANGE: any operand by its name in `seamless leaf` (level=1), or by its register
 *   (rcx=0x1000)
 *
 * - lp=N: calls on that logical processor
 *
 * and then, of the calls for which these hold:
 *
 * - nth=N: the N-th only, counted from 1
 * - from=N: the N-th and all later ones
 * - every=N: each N-th
 * - chance=P: each with that probability (0.01 or 1%), by the sequence of seed=N (1)
 * - times=N: until the fault has happened N times
 * - look=N: an interrupt: the leaf looks for it N-1 times in vain (1)
 *
 * Without nth, from, every, chance and times it happens to each call. Of several rules for a call
 * the one that was added first and strikes decides; each of them counts the call.
 *
 * seamless_reason() of a refused call names the rule.
 *
 * All of it may be called by any thread at any time, while calls are under way too; but a rule that
 * one thread removes must not be in another's hands.
 */
#ifndef SEAMLESS_FAULT_H
#define SEAMLESS_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seamless/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

struct seamless_fault;

/*
 * Adds a rule, which belongs to the machine: it lives until it is removed or the machine destroyed.
 * NULL: it is wrong, or there is no memory; err (err_len bytes, may be cut) says which.
 */
struct seamless_fault *seamless_fault_add(struct seamless_machine *m, const char *rule, char *err,
					  size_t err_len);

/*
 * Adds the rules of a text, one a line; `#` begins a comment line. `name` is what errors call it:
 * "NAME:LINE: ...". False: no rule was added.
 */
bool seamless_fault_load(struct seamless_machine *m, const char *name, const char *text, size_t len,
			 char *err, size_t err_len);

/* Whether a rule is right, without adding it anywhere. */
bool seamless_fault_check(const char *rule, char *err, size_t err_len);

/* Removes one rule, or all of them. Their pointers are not valid any more; a call that one strikes
 * at that moment is still refused. */
void seamless_fault_remove(struct seamless_machine *m, struct seamless_fault *fault);
void seamless_fault_clear(struct seamless_machine *m);

/* The machine's rules in their order: the first after `fault`, NULL after the last. Start with
 * NULL. */
struct seamless_fault *seamless_fault_next(struct seamless_machine *m,
					   const struct seamless_fault *fault);

/* The rule as it was given, as long as it lives. */
const char *seamless_fault_text(const struct seamless_fault *fault);
/* How many calls it was for, and to how many of them the fault happened. */
uint64_t seamless_fault_seen(struct seamless_machine *m, const struct seamless_fault *fault);
uint64_t seamless_fault_happened(struct seamless_machine *m, const struct seamless_fault *fault);

/*
 * For a sweep over all that may happen: the n-th status, from 0, that the leaf of this RAX gets by
 * chance, as a rule takes it ("OPERAND_BUSY(TD_EPOCH)"). guest: a TDCALL. Returns its length as
 * snprintf does; 0: there are no more.
 */
size_t seamless_fault_chance(bool guest, uint64_t rax, unsigned n, char *buf, size_t len);

#ifdef __cplusplus
}
#endif
#endif
