// SPDX-License-Identifier: MIT
/*
 * A trapped instruction: the thread's registers go to the module and come back.
 */
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>

#include "exec/thread.h"
#include "seamless/exec.h"
#include "tdx/status.h"

#define INSN_LEN	4
#define INSN_SEAMCALL	0xcf010f66u
#define INSN_TDCALL	0xcc010f66u
#define STATUS_FLAGS	0x8d5ull /* CF PF AF ZF SF OF: VMsucceed clears them */
#define RESET_RIP	0xfffffff0ull
#define FIELD_GUEST_RSP 0x681cu
#define EXIT_TRIPLE_FAULT 2u
#define EFER_LONG_MODE	0xd01u
#define RIGHTS_CODE64	0xa09bu
#define RIGHTS_DATA	0xc093u
#define VALID_EVENT	(1ull << 31)

/* The two register files of a stopped thread. */
struct files {
	struct user_regs_struct user;
	struct user_fpregs_struct fp;
};

static void to_module(const struct files *f, struct seamless_regs *r)
{
	const struct user_regs_struct *u = &f->user;
	const uint64_t gpr[16] = { u->rax, u->rcx, u->rdx, u->rbx, 0,	   u->rbp, u->rsi, u->rdi,
				   u->r8,  u->r9,  u->r10, u->r11, u->r12, u->r13, u->r14, u->r15 };

	memcpy(r->gpr, gpr, sizeof(gpr));
	memcpy(r->xmm, f->fp.xmm_space, sizeof(r->xmm));
}

static void from_module(struct files *f, const struct seamless_regs *r)
{
	struct user_regs_struct *u = &f->user;
	unsigned long long *const gpr[16] = { &u->rax, &u->rcx, &u->rdx, &u->rbx, NULL,	   &u->rbp,
					      &u->rsi, &u->rdi, &u->r8,	 &u->r9,  &u->r10, &u->r11,
					      &u->r12, &u->r13, &u->r14, &u->r15 };

	for (unsigned i = 0; i < 16; i++)
		if (gpr[i])
			*gpr[i] = r->gpr[i];
	memcpy(f->fp.xmm_space, r->xmm, sizeof(r->xmm));
	/* the kernel resumes a thread in a system call otherwise */
	u->orig_rax = ~0ull;
}

static bool read_files(pid_t tid, struct files *f)
{
	return !ptrace(PTRACE_GETREGS, tid, NULL, &f->user) && !ptrace(PTRACE_GETFPREGS, tid, NULL, &f->fp);
}

static bool write_files(pid_t tid, struct files *f)
{
	return !ptrace(PTRACE_SETREGS, tid, NULL, &f->user) && !ptrace(PTRACE_SETFPREGS, tid, NULL, &f->fp);
}

/* The four bytes at RIP; 0, which is neither instruction, when they can't be read. */
static uint32_t instruction(pid_t tid, uint64_t rip)
{
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, tid, (void *)rip, NULL);
	return errno ? 0 : (uint32_t)word;
}

/* Guest state that the processor would have saved at the exit. */
static void save_guest(const struct files *f)
{
	seamless_set_guest_field(SEAMLESS_FIELD_GUEST_RIP, f->user.rip);
	seamless_set_guest_field(FIELD_GUEST_RSP, f->user.rsp);
	seamless_set_guest_field(SEAMLESS_FIELD_GUEST_RFLAGS, (f->user.eflags & 0xcd5) | 2);
	seamless_set_guest_field(SEAMLESS_FIELD_GUEST_EFER, EFER_LONG_MODE);
	seamless_set_guest_field(SEAMLESS_FIELD_GUEST_CS_RIGHTS, RIGHTS_CODE64);
	seamless_set_guest_field(SEAMLESS_FIELD_GUEST_SS_RIGHTS, RIGHTS_DATA);
	seamless_set_guest_field(SEAMLESS_FIELD_ENTRY_INTR_INFO, 0);
}

/* The thread goes on in the guest. An injected event has nowhere to go: the guest ends as by a triple fault. */
static enum seamless_where resume_guest(struct exec_thread *t, struct files *f, struct seamless_regs *r)
{
	const struct seamless_vm_exit fault = { .reason = EXIT_TRIPLE_FAULT };
	uint64_t event = 0, rip = 0, rsp = 0;

	seamless_guest_field(SEAMLESS_FIELD_ENTRY_INTR_INFO, &event);
	seamless_guest_field(SEAMLESS_FIELD_GUEST_RIP, &rip);
	seamless_guest_field(FIELD_GUEST_RSP, &rsp);
	if (rip == RESET_RIP && t->entry) {
		rip = t->entry;
		rsp = t->stack - 8; /* as behind a call */
	} else if (rip == RESET_RIP || event & VALID_EVENT) {
		seamless_set_guest_field(SEAMLESS_FIELD_ENTRY_INTR_INFO, 0);
		return seamless_vm_exit(&fault, r);
	}
	from_module(f, r);
	f->user.rip = rip;
	f->user.rsp = rsp;
	return SEAMLESS_TO_GUEST;
}

/* The thread goes on behind its SEAMCALL. */
static void resume_host(struct files *f, const struct user_regs_struct *host, const struct seamless_regs *r)
{
	f->user = *host;
	from_module(f, r);
	f->user.rip = host->rip + INSN_LEN;
	f->user.eflags &= ~STATUS_FLAGS;
}

/* One step by the thread, which is bound; `exit` is NULL for a SEAMCALL. */
static void step(struct exec_thread *t, struct files *f, const struct seamless_vm_exit *exit)
{
	struct seamless_regs r;
	enum seamless_where where;

	to_module(f, &r);
	if (exit)
		save_guest(f);
	else
		t->host = f->user;
	where = exit ? seamless_vm_exit(exit, &r) : seamless_seamcall(&r);
	if (where == SEAMLESS_TO_GUEST)
		where = resume_guest(t, f, &r);
	if (where == SEAMLESS_TO_HOST)
		resume_host(f, &t->host, &r);
}

/* The tracer's own service. */
static void set_guest(struct exec_thread *t, struct files *f)
{
	t->entry = f->user.rcx;
	t->stack = f->user.rdx;
	f->user.rip += INSN_LEN;
	f->user.rax = TDX_SUCCESS;
	f->user.orig_rax = ~0ull;
}

static bool serve(struct exec_thread *t, struct files *f, uint32_t insn)
{
	const struct seamless_vm_exit tdcall = { .reason = SEAMLESS_EXIT_TDCALL, .instr_length = INSN_LEN };
	bool guest = seamless_in_guest(NULL);

	if (guest != (insn == INSN_TDCALL))
		return false; /* SEAMCALL in a guest, TDCALL outside of one: #UD on hardware too */
	if (!guest && f->user.rax == SEAMLESS_EXEC_GUEST)
		set_guest(t, f);
	else
		step(t, f, guest ? &tdcall : NULL);
	return true;
}

enum exec_trap exec_thread_trap(struct exec_thread *t, struct seamless_machine *m, unsigned *next_lp)
{
	struct files f;
	uint32_t insn;
	bool served;

	if (!read_files(t->tid, &f))
		return EXEC_LOST;
	insn = instruction(t->tid, f.user.rip);
	if (insn != INSN_SEAMCALL && insn != INSN_TDCALL)
		return EXEC_NOT_OURS;
	if (t->lp < 0 && *next_lp < seamless_lps(m))
		t->lp = (int)(*next_lp)++;
	if (t->lp < 0 || !seamless_lp_enter(m, (unsigned)t->lp))
		return EXEC_NOT_OURS;
	served = serve(t, &f, insn);
	seamless_lp_leave();
	if (!served)
		return EXEC_NOT_OURS;
	return write_files(t->tid, &f) ? EXEC_SERVED : EXEC_LOST;
}
