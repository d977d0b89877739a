/* SPDX-License-Identifier: MIT */
/*
 * Guests as C functions: code of the test that makes TDCALLs by the call layer, as a kernel in a TD
 * does, while the code under test enters its vCPU with tdh_vp_enter().
 *
 *   static void guest(void *opaque)
 *   {
 *           struct asked *asked = opaque;
 *
 *           asked->accepted = tdg_mem_page_accept(tdx_gpa(0x1000), TDX_LEVEL_4K);
 *           asked->answer = tdg_vp_vmcall_map_gpa(tdx_gpa(0x1000 | SHARED), 0x1000, NULL);
 *   }
 *
 *   seamless_play(m, 0, guest, &asked);      // m: SEAMLESS_GUEST_SCRIPTED
 *   while (...)
 *           tdh_vp_enter(tdvpr, 0, regs);    // by the thread that is processor 0
 *
 * The function runs on a thread of its own, by turns with the vCPU's: one waits while the other
 * goes. Each tdg_*() call is a VM exit of the vCPU. One that the host has to serve returns when the
 * host has done so and entered again; one that the module stops for the host (a page that is
 * missing, an interrupt) is made again by itself, as the instruction would be. When the function
 * returns, the vCPU halts, by TDG.VP.VMCALL<Instruction.HLT> at every entry.
 *
 * Functions that are about the guest on the calling thread's processor work in it
 * (seamless_guest_translate(), seamless_guest_field()). It binds no thread and makes no SEAMCALL.
 * It is in 64-bit mode at CPL 0, has no memory of the TD but by seamless_private_read() and
 * seamless_private_write(), and no exceptions: what the module injects (#VE) is lost.
 *
 * A snapshot does not hold how far it is: play again after seamless_snapshot_restore().
 */
#ifndef SEAMLESS_PLAY_H
#define SEAMLESS_PLAY_H

#include <stdbool.h>

#include "seamless/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*seamless_guest_code)(void *opaque);

/*
 * The vCPU that is entered on processor `lp` is this code from now on, from its beginning. What was
 * played there before ends where it stands, without its cleanups in C; code NULL: only that. Goes
 * before a script (seamless_set_script()). No thread may be in a guest on `lp` meanwhile. False: no
 * such lp, no scripted machine, no memory or thread.
 */
bool seamless_play(struct seamless_machine *m, unsigned lp, seamless_guest_code code, void *opaque);

/*
 * By the code: lets a short while pass, in which an interrupt for the host (seamless_lp_kick())
 * makes the vCPU exit. Code that makes no TDCALL for long has to, or no kick reaches it. Elsewhere
 * nothing happens.
 */
void seamless_play_wait(void);

#ifdef __cplusplus
}
#endif
#endif
