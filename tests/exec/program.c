// SPDX-License-Identifier: MIT
/*
 * An ordinary program for `seamless exec`: with the call layer and the real instructions it lives through the life of a TD
 * (tests/tdx/common/life.c) whose guest is a function of the program, and does what the module or its tracer must refuse.
 * It links nothing of Seamless but tdx_call.S and the ABI's tables. argv[1] chooses. Exit status 0: all as it must be.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../tdx/common/life.h"
#include "seamless/exec.h"

static uint8_t *memory; /* all RAM: address = index */

static void put64(tdx_u64 pa, tdx_u64 value)
{
	memcpy(memory + pa, &value, sizeof(value));
}

static _Alignas(16) uint8_t guest_stack[65536];

/* The registers are those that the module gives a new vCPU: R8 holds TDH.VP.INIT's value. */
__attribute__((noreturn)) static void guest(void)
{
	uint64_t initial;

	__asm__ volatile("mov %%r8, %0" : "=r"(initial));
	life_guest(initial);
}

static void start_guest(void)
{
	seamless_exec_guest(guest, guest_stack + sizeof(guest_stack));
}

static const struct life program = { .put64 = put64, .start_guest = start_guest };

static int one_life(void)
{
	return life(&program);
}

static int two_lives(void)
{
	return life_again(&program);
}

static void *lp_init(void *result)
{
	*(tdx_status_t *)result = tdh_sys_lp_init(NULL);
	return NULL;
}

#define THREADS 3

/* Each thread is another processor: LP.INIT succeeds once on each. */
static int threads(void)
{
	tdx_status_t status[THREADS];
	pthread_t thread[THREADS];

	if (!tdx_status_ok(tdh_sys_init(0, NULL)) || !tdx_status_ok(tdh_sys_lp_init(NULL)))
		return 1;
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, lp_init, &status[i]))
			return 1;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		if (!tdx_status_ok(status[i])) {
			printf("LP.INIT on thread %d: 0x%016llx\n", i, (unsigned long long)status[i].value);
			return 1;
		}
	}
	return tdx_status_is(tdh_sys_lp_init(NULL), TDX_SYS_LP_INIT_DONE) ? 0 : 1;
}

/* One more thread than the default platform has processors: it gets the signal of the bare instruction. */
static int too_many_threads(void)
{
	tdx_status_t status;
	pthread_t thread;

	if (threads() || pthread_create(&thread, NULL, lp_init, &status))
		return 1;
	pthread_join(thread, NULL);
	return 1;
}

/* The other delivery: SIGSEGV, as #GP gives, with RIP at the instruction. tgkill returns right to it. */
static int general_protection(void)
{
	uint64_t rax = 0;
	uint64_t marks[3] = { 1, 2, 3 };

	__asm__ volatile("mov $39, %%eax\n\tsyscall\n\t"	     /* getpid */
			 "mov %%eax, %%edi\n\tmov $186, %%eax\n\tsyscall\n\t" /* gettid */
			 "mov %%eax, %%esi\n\tmov $11, %%edx\n\tmov $234, %%eax\n\tsyscall\n\t"
			 ".byte 0x66, 0x0f, 0x01, 0xcf"
			 : "+a"(rax), "+b"(marks[0])
			 :
			 : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc", "memory");
	/* RAX was 0, tgkill's result: TDH.VP.ENTER, refused as the module is not ready; RBX untouched */
	return rax == TDX_SYS_NOT_READY && marks[0] == 1 ? 0 : 1;
}

/* What mmap of physical memory must refuse: crooked, empty, beyond what an address has. */
static int bad_mappings(void)
{
	static const struct {
		uint64_t pa, len;
	} bad[] = { { 0x1001, 4096 }, { 0, 0 }, { 1ull << 63, 4096 }, { 0, 1ull << 60 } };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		if (seamless_exec_map(bad[i].pa, bad[i].len) != MAP_FAILED || !errno)
			return 1;
	}
	return 0;
}

/* An address where RAM ends already: mapped, but there is nothing, which a program is told by SIGBUS. */
static int beyond_ram(void)
{
	volatile uint8_t *nothing = seamless_exec_map(1ull << 45, 4096);

	return nothing == MAP_FAILED ? 1 : nothing[0];
}

/* A fault of the program's own. */
static int bad_pointer(void)
{
	volatile uint64_t *volatile nowhere = (volatile uint64_t *)8;

	return (int)*nowhere;
}

/* A jump to where there is no code: RIP can't be read. */
static int bad_jump(void)
{
	void (*nowhere)(void) = (void (*)(void))(uintptr_t)0x10;

	nowhere();
	return 1;
}

static sigjmp_buf back;
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
	caught = number;
	siglongjmp(back, 1);
}

/* The program's own handlers are not the tracer's business. */
static int own_handler(void)
{
	signal(SIGILL, on_signal);
	if (!sigsetjmp(back, 1))
		__asm__ volatile("ud2");
	return caught == SIGILL && !tdx_status_ok(tdh_sys_lp_init(NULL)) ? 0 : 1;
}

static int undefined(void)
{
	__asm__ volatile("ud2");
	return 1;
}

static int tdcall_outside(void)
{
	tdg_vp_info(NULL);
	return 1;
}

static const struct {
	const char *name;
	int (*run)(void);
} choices[] = {
	{ "life", one_life },
	{ "again", two_lives },
	{ "threads", threads },
	{ "toomany", too_many_threads },
	{ "segv", general_protection },
	{ "badmap", bad_mappings },
	{ "beyond", beyond_ram },
	{ "pointer", bad_pointer },
	{ "jump", bad_jump },
	{ "handler", own_handler },
	{ "fault", undefined },
	{ "tdcall", tdcall_outside },
};

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	memory = seamless_exec_map(0, LIFE_MEMORY);
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]) && argc == 2; i++)
		if (!strcmp(choices[i].name, argv[1]))
			return memory == MAP_FAILED && !strcmp(argv[1], "life") ? 1 : choices[i].run();
	fprintf(stderr, "no such choice\n");
	return 99;
}
