// SPDX-License-Identifier: MIT
/*
 * Guests as C functions. Two threads take turns: the vCPU's, in lib_play(), and that of the guest's
 * code, in a TDCALL or waiting.
 */
#include "seamless/play.h"

#include <stdlib.h>
#include <time.h>

#include "lib/machine_impl.h"
#include "tdx/status.h"
#include "tdx/tdvmcall.h"

#define WAIT_NS 20000

struct lib_player {
	struct lib_lp *lp;
	seamless_guest_code code;
	void *opaque;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t turn;
	bool its_turn, ended;
	/* what the code wants when it is not its turn: a TDCALL with these registers, or time */
	bool waits;
	struct seamless_regs regs;
	/* the TDCALL was handed to the module when RIP was this */
	bool pending;
	uint64_t rip;
};

/* ---- on the code's thread ---- */

/* The player whose code runs on this thread, NULL on any other. */
static struct lib_player *self(void)
{
	struct lib_lp *lp = lib_current();

	return lp && lp->player && pthread_equal(lp->player->thread, pthread_self()) ? lp->player
										     : NULL;
}

static void wait_for_turn(struct lib_player *p)
{
	bool ended;

	pthread_mutex_lock(&p->lock);
	while (!p->its_turn && !p->ended)
		pthread_cond_wait(&p->turn, &p->lock);
	ended = p->ended;
	pthread_mutex_unlock(&p->lock);
	if (ended)
		pthread_exit(NULL);
}

static void hand_over(struct lib_player *p)
{
	pthread_mutex_lock(&p->lock);
	p->its_turn = false;
	pthread_cond_broadcast(&p->turn);
	pthread_mutex_unlock(&p->lock);
	wait_for_turn(p);
}

/* Weak, as its declaration says. */
void seamless_transport_tdcall(struct seamless_regs *regs)
{
	struct lib_player *p = self();

	if (!p) {
		regs->gpr[GPR_RAX] = TDX_SEAMCALL_UD;
		return;
	}
	p->waits = false;
	p->regs = *regs;
	hand_over(p);
	*regs = p->regs;
}

void seamless_play_wait(void)
{
	struct lib_player *p = self();

	if (!p)
		return;
	nanosleep(&(struct timespec){ .tv_nsec = WAIT_NS }, NULL);
	p->waits = true;
	hand_over(p);
}

static void *play(void *opaque)
{
	struct lib_player *p = opaque;

	wait_for_turn(p);
	lib_bound = p->lp;
	p->code(p->opaque);
	for (;;)
		tdg_vp_vmcall_instruction_hlt(0);
	return NULL;
}

/* ---- on the vCPU's ---- */

/* The code goes on until it wants something. */
static void let_go(struct lib_player *p)
{
	pthread_mutex_lock(&p->lock);
	p->its_turn = true;
	pthread_cond_broadcast(&p->turn);
	while (p->its_turn)
		pthread_cond_wait(&p->turn, &p->lock);
	pthread_mutex_unlock(&p->lock);
}

/* An instruction that is done has moved RIP; one that the host had to help runs again. */
static void take_result(struct lib_player *p, const struct seamless_regs *regs)
{
	uint64_t before = p->rip;

	seamless_guest_field(SEAMLESS_FIELD_GUEST_RIP, &p->rip);
	if (!p->pending || p->rip == before)
		return;
	p->pending = false;
	p->regs = *regs;
	let_go(p);
}

void lib_play(struct lib_player *p, struct seamless_regs *regs, struct seamless_vm_exit *exit)
{
	seamless_guest_64bit();
	take_result(p, regs);
	while (p->waits && !seamless_kicked())
		let_go(p);
	if (p->waits) {
		lib_idle(p->lp->machine, exit);
		return;
	}
	*regs = p->regs;
	p->pending = true;
	exit->reason = SEAMLESS_EXIT_TDCALL;
	exit->instr_length = 4;
}

/* ---- beginning and end ---- */

static struct lib_player *start(struct lib_lp *lp, seamless_guest_code code, void *opaque)
{
	struct lib_player *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	*p = (struct lib_player){ .lp = lp, .code = code, .opaque = opaque, .waits = true };
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->turn, NULL);
	if (!pthread_create(&p->thread, NULL, play, p))
		return p;
	pthread_cond_destroy(&p->turn);
	pthread_mutex_destroy(&p->lock);
	free(p);
	return NULL;
}

void lib_play_end(struct lib_lp *lp)
{
	struct lib_player *p = lp->player;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->ended = true;
	pthread_cond_broadcast(&p->turn);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	pthread_cond_destroy(&p->turn);
	pthread_mutex_destroy(&p->lock);
	free(p);
	lp->player = NULL;
}

bool seamless_play(struct seamless_machine *m, unsigned lp, seamless_guest_code code, void *opaque)
{
	if (lp >= seamless_lps(m) || m->guest != SEAMLESS_GUEST_SCRIPTED)
		return false;
	lib_play_end(&m->lp[lp]);
	if (code)
		m->lp[lp].player = start(&m->lp[lp], code, opaque);
	return !code || m->lp[lp].player;
}
