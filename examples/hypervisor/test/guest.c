// SPDX-License-Identifier: MIT
/*
 * The guest's code runs on a thread of its own, and that thread and the vCPU's take turns: one of
 * them waits whenever the other goes.
 */
#include "guest.h"

#include <string.h>
#include <tdx/tdx.h>
#include <time.h>

#define WHILE 100000 /* ticks, so that the module does not take an interrupt for a single step */

static _Thread_local struct guest *playing;

/* ---- on the guest's thread ---- */

static void wait_for_turn(struct guest *guest)
{
	bool cancelled;

	pthread_mutex_lock(&guest->lock);
	while (!guest->its_turn && !guest->cancelled)
		pthread_cond_wait(&guest->turn, &guest->lock);
	cancelled = guest->cancelled;
	pthread_mutex_unlock(&guest->lock);
	if (cancelled)
		pthread_exit(NULL);
}

static void hand_over(struct guest *guest)
{
	pthread_mutex_lock(&guest->lock);
	guest->its_turn = false;
	pthread_cond_broadcast(&guest->turn);
	pthread_mutex_unlock(&guest->lock);
	wait_for_turn(guest);
}

/* The far side of every tdg_*() call. */
void seamless_transport_tdcall(struct seamless_regs *regs)
{
	struct guest *guest = playing;

	if (!guest) {
		regs->gpr[0] = TDX_SEAMCALL_UD;
		return;
	}
	guest->wants = GUEST_TDCALL;
	guest->regs = *regs;
	hand_over(guest);
	*regs = guest->regs;
}

void guest_pause(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
	playing->wants = GUEST_PAUSE;
	hand_over(playing);
}

bool guest_look(uint64_t gpa, uint64_t *pa, bool *shared)
{
	struct guest *guest = playing;

	guest->wants = GUEST_LOOK;
	guest->gpa = gpa;
	hand_over(guest);
	*pa = guest->pa;
	*shared = guest->shared;
	return guest->found;
}

static void *play(void *opaque)
{
	playing = opaque;
	wait_for_turn(playing);
	playing->code(playing->opaque);
	for (;;)
		tdg_vp_vmcall_instruction_hlt(0);
	return NULL;
}

/* ---- on the vCPU's ---- */

/* The guest goes on until it wants something. */
static void let_go(struct guest *guest)
{
	pthread_mutex_lock(&guest->lock);
	guest->its_turn = true;
	pthread_cond_broadcast(&guest->turn);
	while (guest->its_turn)
		pthread_cond_wait(&guest->turn, &guest->lock);
	pthread_mutex_unlock(&guest->lock);
}

static void interrupt(struct seamless_vm_exit *exit)
{
	seamless_advance_tsc(seamless_lp_machine(), WHILE);
	exit->reason = SEAMLESS_EXIT_INTERRUPT;
}

/* An instruction that is done has moved RIP; one that exited to the host runs again. */
static void see_result(struct guest *guest, const struct seamless_regs *regs)
{
	uint64_t rip = guest->rip;

	seamless_guest_field(SEAMLESS_FIELD_GUEST_RIP, &guest->rip);
	if (!guest->pending || guest->rip == rip)
		return;
	guest->pending = false;
	guest->regs = *regs;
	let_go(guest);
}

/* Until the guest makes a TDCALL, or (false) an interrupt for the host comes. */
static bool go_on(struct guest *guest)
{
	while (guest->wants != GUEST_TDCALL) {
		if (guest->wants == GUEST_PAUSE && seamless_kicked())
			return false;
		if (guest->wants == GUEST_LOOK)
			guest->found =
				seamless_guest_translate(guest->gpa, &guest->pa, &guest->shared);
		let_go(guest);
	}
	return true;
}

void guest_script(void *guests, struct seamless_regs *regs, struct seamless_vm_exit *exit)
{
	struct guest *guest = (struct guest *)guests + seamless_lp_number();

	seamless_guest_64bit();
	see_result(guest, regs);
	if (!go_on(guest)) {
		interrupt(exit);
		return;
	}
	*regs = guest->regs;
	guest->pending = true;
	exit->reason = SEAMLESS_EXIT_TDCALL;
	exit->instr_length = 4;
}

/* ---- on the test's ---- */

bool guest_start(struct guest *guest, void (*code)(void *opaque), void *opaque)
{
	memset(guest, 0, sizeof(*guest));
	guest->code = code;
	guest->opaque = opaque;
	guest->wants = GUEST_PAUSE; /* so it starts with its first turn */
	pthread_mutex_init(&guest->lock, NULL);
	pthread_cond_init(&guest->turn, NULL);
	return !pthread_create(&guest->thread, NULL, play, guest);
}

void guest_end(struct guest *guest)
{
	pthread_mutex_lock(&guest->lock);
	guest->cancelled = true;
	pthread_cond_broadcast(&guest->turn);
	pthread_mutex_unlock(&guest->lock);
	pthread_join(guest->thread, NULL);
	pthread_cond_destroy(&guest->turn);
	pthread_mutex_destroy(&guest->lock);
}
