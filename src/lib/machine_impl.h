/* SPDX-License-Identifier: MIT */
/* The inside of the library's opaque handle. */
#ifndef LIB_MACHINE_IMPL_H
#define LIB_MACHINE_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "module/module.h"
#include "platform/platform.h"
#include "seamless/seamless.h"

/* A logical processor that a thread can be. */
struct lib_lp {
	struct seamless_machine *machine;
	unsigned number;
	atomic_bool bound;
	const void *fault;	   /* the rule that strikes its call; not to be followed */
	struct lib_player *player; /* the guest as a function, NULL: there is none */
};

struct lib_faults {
	atomic_bool any;
	pthread_mutex_t lock;
	struct seamless_fault *first;
};

struct lib_trace {
	seamless_trace_tell tell;
	void *opaque;
};

struct seamless_machine {
	struct platform *platform;
	char *text; /* its platform file */
	size_t text_len;
	struct module *module;
	enum seamless_guest guest;
	struct lib_lp lp[PLATFORM_LPS];
	atomic_uint_least64_t event_ticks;
	struct lib_trace trace[SEAMLESS_TRACES];
	unsigned traces;
	struct lib_watch *watch; /* NULL: memory is not watched */
	seamless_script script;
	void *script_opaque;
	struct lib_checker *checker; /* NULL unless CHECK_STATE */
	struct lib_faults faults;
};

/* The calling thread's processor, NULL when it is none. The only state that a thread has. */
extern _Thread_local struct lib_lp *lib_bound __attribute__((tls_model("initial-exec")));

static inline struct lib_lp *lib_current(void)
{
	return lib_bound;
}

/* What the platform records with a host access: who, and when. */
unsigned lib_who(const struct seamless_machine *m);

/* One stretch of the guest on this processor, up to its next VM exit. */
void lib_run_guest(struct lib_lp *lp, struct seamless_regs *regs, struct seamless_vm_exit *exit);

/* The same, where a function is the guest; where nothing is: it is interrupted after a while. */
void lib_play(struct lib_player *player, struct seamless_regs *regs, struct seamless_vm_exit *exit);
void lib_idle(struct seamless_machine *m, struct seamless_vm_exit *exit);
void lib_play_end(struct lib_lp *lp);

/* Before a call on this processor, with its registers, and after it. False: nothing happens to the
 * call. */
bool lib_fault_begin(struct lib_lp *lp, bool guest, const struct seamless_regs *regs);
void lib_fault_end(struct lib_lp *lp);

/* Watched memory: pages that the host has a pointer to; what was told already; telling what else
 * was written. */
void lib_watch_given(struct seamless_machine *m, uint64_t pa, uint64_t len);
void lib_watch_written(struct seamless_machine *m, uint64_t pa, uint64_t len);
/* All memory holds zeros now, which is not told. */
void lib_watch_zero(struct seamless_machine *m);
void lib_watch_look(struct seamless_machine *m);
void lib_unwatch(struct seamless_machine *m);

/* 1: the whole state of the module is checked after every step. */
#ifndef CHECK_STATE
#define CHECK_STATE 0
#endif
bool lib_checker_create(struct seamless_machine *m);
void lib_checker_destroy(struct seamless_machine *m);
/* Around each step, where CHECK_STATE. */
void lib_step_begin(struct seamless_machine *m);
void lib_step_end(struct seamless_machine *m);

static inline void lib_tell(const struct seamless_machine *m, const struct seamless_event *event)
{
	for (unsigned i = 0; i < m->traces; i++)
		m->trace[i].tell(m->trace[i].opaque, event);
}

#endif
