// SPDX-License-Identifier: MIT
/*
 * What a leaf costs on a crowded machine: fills one with TDs, then leads one more TD through its
 * life, and makes each of that TD's calls in a function of its own, cost_of_call(), which callgrind
 * counts (tools/scale.py). Prints the leaves in the order of these calls, with the nanoseconds each
 * took, and at the end the memory of the process.
 *
 * usage: scale TDS VCPUS GIB
 *   TDS    trust domains on the machine, the measured one included
 *   VCPUS  of the measured TD, 1 to 64
 *   GIB    of RAM; all but one of them are mapped into the measured TD, in pages of 2 MiB
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/internal.h"
#include "explain/explain.h"
#include "gen/leaves.h"
#include "seamless/seamless.h"
#include "tdx/tdx.h"
#include "vmm/td.h"

#define GIB	   (1ull << 30)
#define NEW_MEMORY 0ull		/* guest-physical: what the measured TD gets while it is measured */
#define OLD_MEMORY (4ull * GIB) /* what it had before */
#define SPARE_KEYS 32u

struct scale {
	struct vmm_host host;
	struct vmm_td *td; /* the last one is the measured one */
	unsigned tds, vcpus, gib;
	struct vmm_error err;
};

#define CALLS 8u /* of each leaf that are measured: their first */

static bool measuring;
static unsigned calls[2][256]; /* by side and leaf */

void __real_seamless_transport_seamcall(struct seamless_regs *regs);
void __wrap_seamless_transport_seamcall(struct seamless_regs *regs);
void cost_of_call(const struct seamless_vm_exit *exit, struct seamless_regs *regs);

/* A SEAMCALL, or an exit of the running guest. */
__attribute__((noinline)) void cost_of_call(const struct seamless_vm_exit *exit,
					    struct seamless_regs *regs)
{
	if (exit)
		seamless_vm_exit(exit, regs);
	else
		seamless_seamcall(regs);
}

static bool counted(bool guest, uint32_t leaf)
{
	return leaf < 256 && calls[guest][leaf]++ < CALLS;
}

static void measured(const struct seamless_vm_exit *exit, struct seamless_regs *regs)
{
	uint32_t leaf = (uint32_t)(regs->gpr[0] & 0xffff);
	double start = bench_now();

	cost_of_call(exit, regs);
	printf("%s %.0f\n", explain_leaf_name(exit ? EXPLAIN_GUEST : EXPLAIN_HOST, leaf),
	       (bench_now() - start) * 1e9);
}

/* The call layer's software transport comes here (linked with --wrap). */
void __wrap_seamless_transport_seamcall(struct seamless_regs *regs)
{
	if (measuring && counted(false, regs->gpr[0] & 0xffff))
		measured(NULL, regs);
	else
		__real_seamless_transport_seamcall(regs);
}

static int must(struct scale *s, const char *leaf, tdx_status_t status)
{
	return tdx_status_ok(status) ? 0 : vmm_fail_call(&s->err, leaf, status);
}

static int create(struct scale *s, struct vmm_td *td, unsigned vcpus)
{
	const struct td_config config = { .attributes = TDX_TD_ATTRIBUTES_SEPT_VE_DISABLE_MASK,
					  .xfam = TDX_XFAM_X87_MASK | TDX_XFAM_SSE_MASK,
					  .max_vcpus = (uint16_t)vcpus };
	uint8_t page[VMM_4K] = { 1 };

	td->tdr = VMM_NO_FRAME;
	if (td_create(td, &s->host, &config, &s->err) || td_add_page(td, NEW_MEMORY, page, &s->err))
		return -1;
	for (unsigned i = 0; i < vcpus; i++) {
		if (td_add_vcpu(td, 0, &s->err))
			return -1;
	}
	return 0;
}

static int finalize(struct scale *s, struct vmm_td *td)
{
	uint8_t mrtd[TD_MRTD_SIZE];

	return td_finalize(td, mrtd, &s->err);
}

static int aug(struct scale *s, struct vmm_td *td, uint64_t gpa, enum vmm_level level)
{
	return td_aug(td, gpa, level, &s->err) == TD_AUG_DONE ? 0 : -1;
}

static int crowd(struct scale *s)
{
	for (unsigned i = 0; i < s->tds - 1; i++) {
		if (create(s, &s->td[i], 1) || finalize(s, &s->td[i]))
			return -1;
	}
	return 0;
}

/* A TD that runs: the memory it has had for long. */
static int settle(struct scale *s, struct vmm_td *td)
{
	for (uint64_t at = 0; at < (s->gib - 1) * GIB; at += VMM_2M) {
		if (aug(s, td, OLD_MEMORY + at, VMM_LEVEL_2M))
			return -1;
	}
	return 0;
}

static int guest_accepts(struct scale *s, struct seamless_regs *regs, uint64_t gpa,
			 enum vmm_level level)
{
	const struct seamless_vm_exit tdcall = { .reason = SEAMLESS_EXIT_TDCALL,
						 .instr_length = 4 };

	seamless_guest_64bit();
	regs->gpr[0] = LEAF_TDG_MEM_PAGE_ACCEPT;
	regs->gpr[1] = gpa | level;
	measured(&tdcall, regs);
	return regs->gpr[0] ? vmm_fail(&s->err, "TDG.MEM.PAGE.ACCEPT: 0x%" PRIx64, regs->gpr[0])
			    : 0;
}

/* Enters the first vCPU, which accepts two pages and asks its host for something. */
static int enter(struct scale *s, struct vmm_td *td)
{
	const struct seamless_vm_exit tdcall = { .reason = SEAMLESS_EXIT_TDCALL,
						 .instr_length = 4 };
	struct seamless_regs regs = { .gpr = { [1] = td->vcpu[0].tdvpr } };

	measured(NULL, &regs);
	if (!seamless_in_guest(NULL))
		return vmm_fail(&s->err, "TDH.VP.ENTER: 0x%" PRIx64, regs.gpr[0]);
	if (guest_accepts(s, &regs, VMM_4K, VMM_LEVEL_4K) ||
	    guest_accepts(s, &regs, VMM_2M, VMM_LEVEL_2M))
		return -1;
	regs.gpr[0] = LEAF_TDG_VP_VMCALL;
	regs.gpr[1] = 0;
	measured(&tdcall, &regs);
	return seamless_in_guest(NULL) ? vmm_fail(&s->err, "the guest did not exit") : 0;
}

static void nobody_runs(void *opaque)
{
	(void)opaque;
}

static int look(struct scale *s, struct vmm_td *td)
{
	struct tdh_mem_sept_rd_out entry;
	struct tdh_phymem_page_rdmd_out page;
	uint64_t value;

	return must(s, "TDH.MNG.RD",
		    tdh_mng_rd(tdx_tdr(td->tdr), tdx_field(TDX_MD_TD_LIFECYCLE_STATE), &value)) ||
			       must(s, "TDH.MEM.SEPT.RD",
				    tdh_mem_sept_rd(tdx_gpa(VMM_2M), TDX_LEVEL_2M, tdx_tdr(td->tdr),
						    0, &entry)) ||
			       must(s, "TDH.PHYMEM.PAGE.RDMD",
				    tdh_phymem_page_rdmd(tdx_hpa(td->tdr), &page))
		       ? -1
		       : 0;
}

/* Blocks a page and thinks better of it; then takes a part of the large page away. */
static int take_away(struct scale *s, struct vmm_td *td)
{
	const tdx_tdr_t tdr = tdx_tdr(td->tdr);
	const tdx_gpa_t gpa = tdx_gpa(VMM_4K);

	return must(s, "TDH.MEM.RANGE.BLOCK", tdh_mem_range_block(gpa, TDX_LEVEL_4K, tdr, NULL)) ||
			       td_track(td, nobody_runs, NULL, &s->err) ||
			       must(s, "TDH.MEM.RANGE.UNBLOCK",
				    tdh_mem_range_unblock(gpa, TDX_LEVEL_4K, tdr, NULL)) ||
			       td_remove_range(td, VMM_2M, 4 * VMM_4K, nobody_runs, NULL, &s->err)
		       ? -1
		       : 0;
}

static int build(struct scale *s, struct vmm_td *td)
{
	return create(s, td, s->vcpus) || td_extend_page(td, NEW_MEMORY, &s->err) || finalize(s, td)
		       ? -1
		       : 0;
}

static int live(struct scale *s, struct vmm_td *td)
{
	return aug(s, td, VMM_4K, VMM_LEVEL_4K) || aug(s, td, VMM_2M, VMM_LEVEL_2M) ||
			       enter(s, td) || look(s, td) || take_away(s, td)
		       ? -1
		       : 0;
}

static int life(struct scale *s)
{
	struct vmm_td *td = &s->td[s->tds - 1];

	measuring = true;
	if (build(s, td))
		return -1;
	measuring = false;
	if (settle(s, td))
		return -1;
	measuring = true;
	return live(s, td);
}

static uint64_t resident(void)
{
	unsigned long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%*u %llu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int end(struct scale *s)
{
	uint64_t freed;

	host_leave_lp(&s->host);
	for (unsigned i = s->tds; i-- > 0;) {
		if (td_destroy(&s->td[i], &freed, &s->err))
			return -1;
		measuring = false; /* the measured one ends first */
	}
	return 0;
}

/* Enough RAM and key ids for all of them; otherwise the default platform. */
static char *platform_text(const struct scale *s)
{
	static const char *const left_out[] = { "memory", "cmr", "keyids" };
	size_t len, room;
	const char *text = seamless_platform_text("default", &len);
	char *out = NULL, *line, *copy = strndup(text, len), *rest = copy;
	FILE *f = copy ? open_memstream(&out, &room) : NULL;

	while (f && (line = strsep(&rest, "\n"))) {
		bool keep = true;

		for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
			keep = keep && strncmp(line, left_out[i], strlen(left_out[i]));
		if (keep)
			fprintf(f, "%s\n", line);
	}
	if (f) {
		fprintf(f,
			"memory %uG\ncmr 0x100000 0x%llx\nkeyids mktme 31 tdx %u\nmax_hkids "
			"16384\n",
			s->gib, s->gib * GIB - 0x100000, s->tds + SPARE_KEYS);
		fclose(f);
	}
	free(copy);
	return out;
}

static int on_machine(struct scale *s, struct seamless_machine *machine)
{
	uint64_t before, crowded;
	int result;

	if (host_open(&s->host, machine, &s->err))
		return -1;
	before = resident();
	result = host_enter_lp(&s->host, 0, &s->err) || crowd(s) ? -1 : 0;
	crowded = resident();
	result = result || life(s) || end(s) ? -1 : 0;
	printf("# resident: %" PRIu64 " KiB after TDH.SYS.TDMR.INIT, %" PRIu64
	       " KiB more with %u TDs, %" PRIu64 " KiB more at the end\n",
	       before / 1024, (crowded - before) / 1024, s->tds - 1, (resident() - crowded) / 1024);
	host_close(&s->host);
	return result;
}

static int run(struct scale *s)
{
	char *text = platform_text(s), why[256] = "out of memory";
	const struct seamless_config config = { .name = "scale",
						.text = text,
						.len = text ? strlen(text) : 0,
						.guest = SEAMLESS_GUEST_SCRIPTED };
	struct seamless_machine *machine = text ? seamless_create(&config, why, sizeof(why)) : NULL;
	int result = machine ? on_machine(s, machine) : vmm_fail(&s->err, "%s", why);

	if (machine)
		seamless_destroy(machine);
	free(text);
	return result;
}

int main(int argc, char **argv)
{
	struct scale s = { .tds = argc == 4 ? (unsigned)strtoul(argv[1], NULL, 10) : 0 };

	if (s.tds) {
		s.vcpus = (unsigned)strtoul(argv[2], NULL, 10);
		s.gib = (unsigned)strtoul(argv[3], NULL, 10);
	}
	if (!s.tds || !s.vcpus || s.vcpus > TD_MAX_VCPUS || !s.gib) {
		fprintf(stderr, "usage: scale TDS VCPUS GIB\n");
		return 2;
	}
	s.td = calloc(s.tds, sizeof(*s.td));
	if (!s.td || run(&s)) {
		fprintf(stderr, "scale: %s\n", s.td ? s.err.text : "out of memory");
		return 1;
	}
	free(s.td);
	return 0;
}
