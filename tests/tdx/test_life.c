// SPDX-License-Identifier: MIT
/*
 * The life of a TD (common/life.c) over the software transport. The guest's code runs on a thread
 * of its own: its TDCALLs are handed to the thread that is in TDH.VP.ENTER, and it waits until it
 * is entered again.
 */
#include "common/life.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cases.h"
#include "seamless/seamless.h"

#define GUEST_RIP 0x1000

static struct seamless_machine *machine;

/* The guest and its thread. regs: its registers, of whoever has the turn. */
static struct {
	pthread_t thread;
	sem_t entered, exited;
	struct seamless_regs regs;
	bool started, over;
} guest;

static void wait_for(sem_t *turn)
{
	while (sem_wait(turn))
		continue;
}

static void *run_guest(void *initial)
{
	life_guest(*(tdx_u64 *)initial);
}

/* TDCALL on the guest's thread. */
void seamless_transport_tdcall(struct seamless_regs *regs)
{
	guest.regs = *regs;
	sem_post(&guest.exited);
	wait_for(&guest.entered);
	if (guest.over)
		pthread_exit(NULL);
	*regs = guest.regs;
}

/* A stretch of guest execution, on the host's thread. */
static void script(void *opaque, struct seamless_regs *regs, struct seamless_vm_exit *exit)
{
	static tdx_u64 initial;

	(void)opaque;
	guest.regs = *regs;
	if (guest.started) {
		sem_post(&guest.entered);
	} else {
		initial = regs->gpr[8];
		guest.started = !pthread_create(&guest.thread, NULL, run_guest, &initial);
	}
	if (!guest.started)
		abort();
	wait_for(&guest.exited);
	*regs = guest.regs;
	seamless_guest_64bit();
	seamless_set_guest_field(SEAMLESS_FIELD_GUEST_RIP, GUEST_RIP);
	exit->reason = SEAMLESS_EXIT_TDCALL;
	exit->instr_length = 4;
}

static void put64(tdx_u64 pa, tdx_u64 value)
{
	seamless_write(machine, pa, &value, sizeof(value));
}

static void start_guest(void)
{
	seamless_set_script(machine, script, NULL);
}

/* The platform "default" with one processor: the TD's life is told by one thread. */
static struct seamless_machine *create(void)
{
	struct seamless_config config = { .name = "default", .guest = SEAMLESS_GUEST_SCRIPTED };
	const char *text = seamless_platform_text("default", &config.len);
	char *one = text ? strndup(text, config.len) : NULL;
	char *lps = one ? strstr(one, "\nlps ") : NULL;
	char err[200] = "no platform with a line lps";
	struct seamless_machine *m = NULL;

	if (lps) {
		for (lps += 5; *lps != '\n'; lps++)
			*lps = lps[1] == '\n' ? '1' : ' ';
		config.text = one;
		m = seamless_create(&config, err, sizeof(err));
	}
	if (!m)
		fprintf(stderr, "%s\n", err);
	free(one);
	return m;
}

static int refused(void)
{
	int failed = 0;

	for (unsigned int i = 0; i < num_refused_cases; i++) {
		if (refused_cases[i].right(TDX_SEAMCALL_UD))
			continue;
		printf("refused: %s\n", refused_cases[i].name);
		failed = 1;
	}
	return failed;
}

int main(void)
{
	const struct life program = { .put64 = put64, .start_guest = start_guest };
	int failed = refused();

	machine = create();
	if (!machine || sem_init(&guest.entered, 0, 0) || sem_init(&guest.exited, 0, 0) ||
	    !seamless_lp_enter(machine, 0))
		return 1;
	failed |= life_again(&program);
	if (guest.started) {
		guest.over = true;
		sem_post(&guest.entered);
		pthread_join(guest.thread, NULL);
	}
	seamless_lp_leave();
	seamless_destroy(machine);
	return failed;
}
