// SPDX-License-Identifier: MIT
/*
 * The tracer: starts the program, follows its threads, and hands each trapped instruction to exec_thread_trap().
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/exec.h"
#include "exec/thread.h"
#include "seamless/exec.h"

#define MAX_THREADS    1024
#define CODE64	       0x33 /* Linux's user code selector in 64-bit mode */
#define OPTIONS	       (PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)
#define EVENT(status)  ((status) >> 16)
#define EXEC_FAILED    127

struct tracer {
	struct seamless_machine *machine;
	struct exec_thread thread[MAX_THREADS];
	unsigned next_lp;
	pid_t program;
	bool started; /* the first exec has been seen and judged */
	char *err;
	size_t err_len;
};

static struct exec_thread *thread_of(struct tracer *tr, pid_t tid)
{
	struct exec_thread *free_slot = NULL;

	for (unsigned i = 0; i < MAX_THREADS; i++) {
		if (tr->thread[i].tid == tid)
			return &tr->thread[i];
		if (!tr->thread[i].tid && !free_slot)
			free_slot = &tr->thread[i];
	}
	if (free_slot)
		*free_slot = (struct exec_thread){ .tid = tid, .lp = -1, .fresh = tid != tr->program };
	return free_slot;
}

/* In the child. Errors travel back through the pipe, which a successful exec closes. */
static void become_program(const struct tracer *tr, char *const argv[], int report)
{
	char number[16];
	int fd = dup(seamless_memory_fd(tr->machine));
	int error;

	snprintf(number, sizeof(number), "%d", fd);
	setenv(SEAMLESS_EXEC_MEMORY, number, 1);
	if (fd >= 0 && !ptrace(PTRACE_TRACEME, 0, NULL, NULL)) {
		raise(SIGSTOP);
		execvp(argv[0], argv);
	}
	error = errno;
	if (write(report, &error, sizeof(error)) < 0)
		_exit(EXEC_FAILED);
	_exit(EXEC_FAILED);
}

static bool start(struct tracer *tr, char *const argv[], int *report)
{
	int ends[2];
	int status;

	if (pipe2(ends, O_CLOEXEC)) {
		snprintf(tr->err, tr->err_len, "pipe: %s", strerror(errno));
		return false;
	}
	tr->program = fork();
	if (!tr->program)
		become_program(tr, argv, ends[1]);
	close(ends[1]);
	*report = ends[0];
	if (tr->program > 0 && waitpid(tr->program, &status, 0) == tr->program && WIFSTOPPED(status) &&
	    !ptrace(PTRACE_SETOPTIONS, tr->program, NULL, OPTIONS) &&
	    !ptrace(PTRACE_CONT, tr->program, NULL, NULL))
		return true;
	snprintf(tr->err, tr->err_len, "%s: tracing is not possible here", argv[0]);
	return false;
}

/* After an exec: the program's code must be 64-bit. */
static void judge_image(struct tracer *tr, pid_t tid)
{
	struct user_regs_struct user;

	tr->started = true;
	if (!ptrace(PTRACE_GETREGS, tid, NULL, &user) && user.cs == CODE64)
		return;
	snprintf(tr->err, tr->err_len, "not an x86-64 program");
	kill(tr->program, SIGKILL);
}

/* A stop of one thread. Returns the signal to deliver with its continuation. */
static int handle_stop(struct tracer *tr, pid_t tid, int status)
{
	struct exec_thread *t = thread_of(tr, tid);
	int sig = WSTOPSIG(status);
	bool born = t && t->fresh && sig == SIGSTOP;

	if (t)
		t->fresh = false;
	if (EVENT(status) == PTRACE_EVENT_EXEC && !tr->started)
		judge_image(tr, tid);
	if (EVENT(status) || born)
		return 0;
	if (t && (sig == SIGILL || sig == SIGSEGV) && exec_thread_trap(t, tr->machine, &tr->next_lp) == EXEC_SERVED)
		return 0;
	return sig;
}

static void forget(struct tracer *tr, pid_t tid)
{
	for (unsigned i = 0; i < MAX_THREADS; i++)
		if (tr->thread[i].tid == tid)
			tr->thread[i].tid = 0;
}

static int exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Until the program itself has ended. */
static int follow(struct tracer *tr)
{
	int result = -1;
	int status;
	pid_t tid;

	while ((tid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (tid <= 0)
			continue;
		if (WIFSTOPPED(status)) {
			ptrace(PTRACE_CONT, tid, NULL, handle_stop(tr, tid, status));
			continue;
		}
		forget(tr, tid);
		if (tid == tr->program)
			result = exit_status(status);
	}
	return result;
}

int exec_run(struct seamless_machine *m, char *const argv[], char *err, size_t err_len)
{
	struct tracer *tr = calloc(1, sizeof(*tr));
	int report = -1, result = -1, error = 0;

	if (!tr) {
		snprintf(err, err_len, "out of memory");
		return -1;
	}
	tr->machine = m;
	tr->err = err;
	tr->err_len = err_len;
	err[0] = 0;
	if (start(tr, argv, &report))
		result = follow(tr);
	if (report >= 0 && read(report, &error, sizeof(error)) == (ssize_t)sizeof(error))
		snprintf(err, err_len, "%s: %s", argv[0],
			 error == ENOENT && !strchr(argv[0], '/') ? "not found in PATH"
								  : strerror(error));
	if (report >= 0)
		close(report);
	free(tr);
	return err[0] ? -1 : result;
}
