// SPDX-License-Identifier: MIT
/*
 * An ordinary program for `seamless exec`: with the call layer and the real instructions it brings a platform up, builds a TD
 * whose guest is a function of this file, runs it, and tears it down. It links nothing of Seamless but tdx_call.S.
 * argv[1] chooses: life, again (a second TD, with what the first one left), threads, fault, tdcall, badmap, segv. Exit status 0: all as it must be.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "seamless/exec.h"
#include "tdx/tdx.h"

#define GIB	   (1ull << 30)
#define PAMT_4K	   0x30000000ull
#define PAMT_2M	   0x30400000ull
#define PAMT_1G	   0x30402000ull
#define RESERVED   0x10000000ull /* from PAMT_4K: PAMTs and the host's buffers */
#define LIST	   0x38000000ull
#define TDMR_INFO  0x38001000ull
#define PARAMS	   0x38002000ull
#define TD_BASE	   0x1000000ull
#define OTHER_BASE 0x1100000ull
#define TD	   tdx_tdr(base)
#define VCPU	   tdx_tdvpr(base + 0x10000)
#define HKID	   tdx_hkid(33)
#define INIT_VALUE 0x123456789abcull
#define SAID	   0x5eaull

static uint8_t *memory; /* all RAM: address = index */
static uint64_t base = TD_BASE; /* of the TD's pages */

#define MUST(call)                                                                                        \
	do {                                                                                              \
		tdx_status_t status_ = (call);                                                            \
		if (!tdx_status_ok(status_)) {                                                             \
			printf("%s: status 0x%016llx\n", #call, (unsigned long long)status_.value);             \
			return 1;                                                                         \
		}                                                                                         \
	} while (0)

static void put64(uint64_t pa, uint64_t value)
{
	memcpy(memory + pa, &value, sizeof(value));
}

static int bring_up(void)
{
	tdx_hpa_t next = tdx_hpa(0);

	MUST(tdh_sys_init(0, NULL));
	MUST(tdh_sys_lp_init(NULL));
	put64(LIST, TDMR_INFO);
	put64(TDMR_INFO + TDX_TDMR_INFO_TDMR_SIZE_OFFSET, GIB);
	put64(TDMR_INFO + TDX_TDMR_INFO_PAMT_1G_BASE_OFFSET, PAMT_1G);
	put64(TDMR_INFO + TDX_TDMR_INFO_PAMT_1G_SIZE_OFFSET, 0x1000);
	put64(TDMR_INFO + TDX_TDMR_INFO_PAMT_2M_BASE_OFFSET, PAMT_2M);
	put64(TDMR_INFO + TDX_TDMR_INFO_PAMT_2M_SIZE_OFFSET, 0x2000);
	put64(TDMR_INFO + TDX_TDMR_INFO_PAMT_4K_BASE_OFFSET, PAMT_4K);
	put64(TDMR_INFO + TDX_TDMR_INFO_PAMT_4K_SIZE_OFFSET, 0x400000);
	put64(TDMR_INFO + TDX_TDMR_INFO_RSVD_AREAS_OFFSET + 8, 0x100000); /* the first MiB is no CMR */
	put64(TDMR_INFO + TDX_TDMR_INFO_RSVD_AREAS_OFFSET + 16, PAMT_4K);
	put64(TDMR_INFO + TDX_TDMR_INFO_RSVD_AREAS_OFFSET + 24, RESERVED);
	MUST(tdh_sys_config(tdx_shared_hpa(LIST), 1, tdx_hkid(32)));
	MUST(tdh_sys_key_config());
	while (next.value < GIB)
		MUST(tdh_sys_tdmr_init(tdx_hpa(0), &next));
	return 0;
}

static int build(uint64_t params)
{
	MUST(tdh_mng_create(TD, HKID));
	MUST(tdh_mng_key_config(TD));
	for (uint64_t i = 0; i < 6; i++)
		MUST(tdh_mng_addcx(tdx_hpa(base + 0x1000 + i * 4096), TD));
	put64(params + TDX_TD_PARAMS_XFAM_OFFSET, 3);
	put64(params + TDX_TD_PARAMS_MAX_VCPUS_OFFSET, 1);
	put64(params + 24, 0x1e);	/* eptp_controls: write-back, four levels */
	put64(params + TDX_TD_PARAMS_TSC_FREQUENCY_OFFSET, 40); /* of 25 MHz */
	MUST(tdh_mng_init(TD, tdx_shared_hpa(params), NULL));
	MUST(tdh_vp_create(VCPU, TD));
	for (uint64_t i = 0; i < 5; i++)
		MUST(tdh_vp_addcx(tdx_hpa(base + 0x11000 + i * 4096), VCPU));
	MUST(tdh_vp_init(VCPU, INIT_VALUE));
	MUST(tdh_mr_finalize(TD));
	return 0;
}

static int tear_down(void)
{
	MUST(tdh_vp_flush(VCPU));
	MUST(tdh_mng_vpflushdone(TD));
	MUST(tdh_phymem_cache_wb(0));
	MUST(tdh_mng_key_freeid(TD));
	for (uint64_t i = 1; i < 7; i++)
		MUST(tdh_phymem_page_reclaim(tdx_hpa(TD.value + i * 4096), NULL));
	for (uint64_t i = 0; i < 6; i++)
		MUST(tdh_phymem_page_reclaim(tdx_hpa(VCPU.value + i * 4096), NULL));
	MUST(tdh_phymem_page_reclaim(tdx_hpa(TD.value), NULL));
	return 0;
}

static _Alignas(16) uint8_t guest_stack[65536];
static volatile uint64_t guest_saw_value, guest_vcpus, guest_status = ~0ull;

/* The guest: asks who it is, tells the host a number, and again for ever. */
__attribute__((noreturn)) static void guest(void)
{
	uint64_t initial;

	__asm__ volatile("mov %%r8, %0" : "=r"(initial));
	guest_saw_value = initial;
	for (;;) {
		struct tdg_vp_info_out info;
		struct tdx_module_args args = { .rcx = TDX_VMCALL_R10 | TDX_VMCALL_R11 | TDX_VMCALL_R12,
						.r11 = 12, .r12 = SAID };

		guest_status = tdg_vp_info(&info).value;
		guest_vcpus = info.vcpus;
		tdvmcall(&args);
	}
}

static int life(void)
{
	uint64_t regs[16] = { 0 };
	tdx_status_t status;

	if (bring_up() || build(PARAMS))
		return 1;
	seamless_exec_guest(guest, guest_stack + sizeof(guest_stack));
	for (int round = 0; round < 3; round++) {
		status = tdh_vp_enter(VCPU, 0, regs);
		if (!tdx_status_is_with(status, TDX_SUCCESS, 77) || regs[12] != SAID || regs[11] != 12) {
			printf("exit 0x%016llx, r12 0x%llx: expected a TDVMCALL that says 0x%llx\n",
			       (unsigned long long)status.value, (unsigned long long)regs[12], (unsigned long long)SAID);
			return 1;
		}
		regs[10] = 0;
	}
	if (guest_saw_value != INIT_VALUE || guest_status != TDX_SUCCESS || guest_vcpus != (1ull | 1ull << 32)) {
		printf("the guest saw 0x%llx, status 0x%llx, vCPUs 0x%llx\n", (unsigned long long)guest_saw_value,
		       (unsigned long long)guest_status, (unsigned long long)guest_vcpus);
		return 1;
	}
	return tear_down();
}

/* A page that was the first TD's holds the parameters of the second. */
static int again(void)
{
	if (life())
		return 1;
	base = OTHER_BASE;
	memset(memory + TD_BASE + 0x1000, 0, 4096);
	return build(TD_BASE + 0x1000) || tear_down();
}

static void *lp_init(void *result)
{
	*(tdx_status_t *)result = tdh_sys_lp_init(NULL);
	return NULL;
}

/* Each thread is another processor: LP.INIT succeeds once on each. */
static int threads(void)
{
	tdx_status_t status[3];
	pthread_t thread[3];

	MUST(tdh_sys_init(0, NULL));
	MUST(tdh_sys_lp_init(NULL));
	for (int i = 0; i < 3; i++)
		if (pthread_create(&thread[i], NULL, lp_init, &status[i]))
			return 1;
	for (int i = 0; i < 3; i++) {
		pthread_join(thread[i], NULL);
		if (!tdx_status_ok(status[i])) {
			printf("LP.INIT on thread %d: 0x%016llx\n", i, (unsigned long long)status[i].value);
			return 1;
		}
	}
	return tdx_status_is(tdh_sys_lp_init(NULL), TDX_SYS_LP_INIT_DONE) ? 0 : 1;
}

/* The other delivery: SIGSEGV, as #GP gives, with RIP at the instruction. tgkill returns right to it. */
static int general_protection(void)
{
	uint64_t rax = 35; /* TDH.SYS.LP.INIT before SYS.INIT */
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

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "life";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(what, "badmap"))
		return seamless_exec_map(0x1001, 4096) == MAP_FAILED ? 0 : 1;
	if (!strcmp(what, "fault"))
		__asm__ volatile("ud2");
	if (!strcmp(what, "tdcall"))
		tdg_vp_info(NULL);
	if (!strcmp(what, "segv"))
		return general_protection();
	memory = seamless_exec_map(0, GIB);
	if (memory == MAP_FAILED) {
		perror("seamless_exec_map");
		return 1;
	}
	if (!strcmp(what, "again"))
		return again();
	return !strcmp(what, "threads") ? threads() : life();
}
