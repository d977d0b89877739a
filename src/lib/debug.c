// SPDX-License-Identifier: MIT
/*
 * A debugger's view: the probe of the machine's processors in the library's terms.
 */
#include "seamless/debug.h"

#include <string.h>

#include "lib/machine_impl.h"
#include "module/vcpu.h"
#include "vmx/probe.h"
#include "vmx/x86.h"

#define PAGE 4096u

/* Flags that a debugger may write. */
#define FLAGS_WRITABLE 0x00257fd5ull

static struct vmx_lps *processors(struct seamless_machine *m)
{
	return module_processors(m->module);
}

bool seamless_debug_start(struct seamless_machine *m, const struct seamless_debug_config *config)
{
	const struct vmx_probe_config probe = { .lps = config->lps,
						.one_thread = config->one_thread,
						.stopped = config->stopped,
						.opaque = config->opaque };

	return m->guest == SEAMLESS_GUEST_INTERPRETED && config->lps <= seamless_lps(m) &&
	       vmx_probe_attach(processors(m), &probe);
}

void seamless_debug_end(struct seamless_machine *m)
{
	vmx_probe_end(processors(m));
}

void seamless_debug_ask(struct seamless_machine *m)
{
	vmx_probe_ask(processors(m));
}

/* ---- points ---- */

static const uint32_t accesses[] = {
	[SEAMLESS_POINT_SOFTWARE] = CPU_EXEC,
	[SEAMLESS_POINT_HARDWARE] = CPU_EXEC,
	[SEAMLESS_POINT_WRITE] = CPU_WRITE,
	[SEAMLESS_POINT_READ] = CPU_READ,
	[SEAMLESS_POINT_ACCESS] = CPU_READ | CPU_WRITE,
};

bool seamless_debug_point(struct seamless_machine *m, const struct seamless_point *point, bool set)
{
	uint32_t access = accesses[point->kind];
	const struct cpu_point p = { .address = point->address,
				     .length = access == CPU_EXEC ? 1 : point->length,
				     .access = access,
				     .tag = point->kind };

	return vmx_probe_point(processors(m), &p, set);
}

void seamless_debug_clear_points(struct seamless_machine *m)
{
	vmx_probe_clear_points(processors(m));
}

/* ---- stops ---- */

bool seamless_debug_stopped(struct seamless_machine *m, struct seamless_stop *stop)
{
	static const enum seamless_stop_why whys[] = {
		[CPU_STOP_ASKED] = SEAMLESS_STOP_ASKED,
		[CPU_STOP_STEP] = SEAMLESS_STOP_STEP,
		[CPU_STOP_POINT] = SEAMLESS_STOP_POINT,
	};
	struct vmx_stop from;
	bool stopped = vmx_probe_stopped(processors(m), &from);

	*stop = (struct seamless_stop){
		.lp = from.lp,
		.why = whys[from.stop.why],
		.point = { .kind = (enum seamless_point_kind)from.stop.point.tag,
			   .address = from.stop.point.address,
			   .length = from.stop.point.length },
	};
	return stopped;
}

_Static_assert((int)SEAMLESS_GO_STAY == (int)VMX_PROBE_STAY, "go");
_Static_assert((int)SEAMLESS_GO_RUN == (int)VMX_PROBE_GO, "go");
_Static_assert((int)SEAMLESS_GO_STEP == (int)VMX_PROBE_STEP, "go");

void seamless_debug_resume(struct seamless_machine *m, const enum seamless_go *go)
{
	vmx_probe_resume(processors(m), (const enum vmx_probe_go *)go);
}

/* ---- registers ---- */

static void state_from(const struct cpu_state *s, struct seamless_state *to)
{
	memcpy(to->gpr, s->gpr, sizeof(to->gpr));
	to->rip = s->rip;
	to->rflags = s->rflags;
	for (unsigned i = 0; i < sizeof(to->seg) / sizeof(to->seg[0]); i++)
		to->seg[i] = (struct seamless_segment){ .selector = s->seg[i].selector,
							.rights = s->seg[i].access_rights,
							.limit = s->seg[i].limit,
							.base = s->seg[i].base };
	to->kernel_gs_base = s->kernel_gs_base;
	to->cr0 = s->cr0;
	to->cr2 = s->cr2;
	to->cr3 = s->cr3;
	to->cr4 = s->cr4;
	to->efer = s->efer;
	to->fcw = s->fx.fcw;
	to->fsw = s->fx.fsw;
	to->fop = s->fx.fop;
	to->ftw = s->fx.ftw;
	to->fip = s->fx.fip;
	to->fdp = s->fx.fdp;
	for (unsigned i = 0; i < 8; i++)
		memcpy(to->st[i], s->fx.st[i], sizeof(to->st[i]));
	to->mxcsr = s->fx.mxcsr;
	memcpy(to->xmm, s->fx.xmm, sizeof(to->xmm));
}

/* Registers that may be written. */
static void state_to(const struct seamless_state *from, struct cpu_state *s)
{
	memcpy(s->gpr, from->gpr, sizeof(s->gpr));
	s->rip = from->rip;
	s->rflags = from->rflags;
	s->seg[CPU_FS].base = from->seg[CPU_FS].base;
	s->seg[CPU_GS].base = from->seg[CPU_GS].base;
	s->kernel_gs_base = from->kernel_gs_base;
	s->cr2 = from->cr2;
	s->cr3 = from->cr3;
	s->fx.fcw = from->fcw;
	s->fx.fsw = from->fsw;
	s->fx.fop = from->fop;
	s->fx.ftw = from->ftw;
	s->fx.fip = from->fip;
	s->fx.fdp = from->fdp;
	for (unsigned i = 0; i < 8; i++)
		memcpy(s->fx.st[i], from->st[i], sizeof(from->st[i]));
	s->fx.mxcsr = from->mxcsr;
	memcpy(s->fx.xmm, from->xmm, sizeof(s->fx.xmm));
}

bool seamless_debug_state(struct seamless_machine *m, unsigned lp, struct seamless_state *state)
{
	struct vmx_lps *lps = processors(m);
	bool held;

	memset(state, 0, sizeof(*state));
	if (!vmx_probe_look(lps, lp, &held))
		return false;
	state_from(vmx_probe_state(lps, lp), state);
	state->cr8 = vmx_probe_cr8(lps, lp);
	vmx_probe_looked(lps, lp);
	return held;
}

static bool canonical(uint64_t address, uint64_t cr4)
{
	unsigned unused = cr4 & CR4_LA57 ? 7 : 16;

	return (uint64_t)((int64_t)(address << unused) >> unused) == address;
}

/* What has to be as it is; padding of the structures is zero on both sides. */
static bool only_writable_differ(const struct seamless_state *now, const struct seamless_state *to)
{
	for (unsigned i = 0; i < sizeof(now->seg) / sizeof(now->seg[0]); i++)
		if (now->seg[i].selector != to->seg[i].selector ||
		    now->seg[i].rights != to->seg[i].rights ||
		    now->seg[i].limit != to->seg[i].limit ||
		    (i < CPU_FS && now->seg[i].base != to->seg[i].base))
			return false;
	return now->cr0 == to->cr0 && now->cr4 == to->cr4 && now->cr8 == to->cr8 &&
	       now->efer == to->efer && !((now->rflags ^ to->rflags) & ~FLAGS_WRITABLE) &&
	       !(to->mxcsr & ~0xffffu) && !(to->cr3 >> 52);
}

bool seamless_debug_set_state(struct seamless_machine *m, unsigned lp,
			      const struct seamless_state *state)
{
	struct vmx_lps *lps = processors(m);
	struct seamless_state now;
	bool held;

	if (!seamless_debug_state(m, lp, &now) || !only_writable_differ(&now, state) ||
	    !canonical(state->seg[CPU_FS].base, now.cr4) ||
	    !canonical(state->seg[CPU_GS].base, now.cr4) ||
	    !canonical(state->kernel_gs_base, now.cr4))
		return false;
	if (!vmx_probe_look(lps, lp, &held))
		return false;
	if (held)
		state_to(state, vmx_probe_state(lps, lp));
	vmx_probe_looked(lps, lp);
	return held;
}

/* ---- memory ---- */

_Static_assert((int)SEAMLESS_MAPPED == (int)VMX_PROBE_MAPPED, "where");
_Static_assert((int)SEAMLESS_NOT_IN_PAGE_TABLES == (int)VMX_PROBE_NOT_IN_PAGE_TABLES, "where");
_Static_assert((int)SEAMLESS_NOT_IN_EPT == (int)VMX_PROBE_NOT_IN_EPT, "where");
_Static_assert((int)SEAMLESS_READ_ONLY == (int)VMX_PROBE_READ_ONLY, "where");
_Static_assert((int)SEAMLESS_NO_GUEST == (int)VMX_PROBE_NO_GUEST, "where");

enum seamless_mapped seamless_debug_translate(struct seamless_machine *m, unsigned lp, uint64_t lin,
					      uint64_t *gpa)
{
	struct vmx_lps *lps = processors(m);
	enum vmx_probe_where where;
	uint8_t *host = NULL;
	bool held;

	if (!vmx_probe_look(lps, lp, &held))
		return SEAMLESS_NO_GUEST;
	where = vmx_probe_translate(lps, lp, lin, false, gpa, &host);
	vmx_probe_looked(lps, lp);
	return (enum seamless_mapped)where;
}

/* Page by page. */
static size_t copy_memory(struct vmx_lps *lps, unsigned lp, uint64_t lin, uint8_t *out,
			  const uint8_t *in, size_t len, enum seamless_mapped *end)
{
	size_t done = 0;

	*end = SEAMLESS_MAPPED;
	while (done < len) {
		uint64_t at = lin + done, gpa;
		size_t room = PAGE - at % PAGE, n = len - done < room ? len - done : room;
		uint8_t *host = NULL;

		*end = (enum seamless_mapped)vmx_probe_translate(lps, lp, at, in != NULL, &gpa,
								 &host);
		if (*end != SEAMLESS_MAPPED)
			break;
		memcpy(in ? host : out + done, in ? in + done : host, n);
		if (in)
			vmx_probe_written(lps, host, n);
		done += n;
	}
	return done;
}

static size_t access_memory(struct seamless_machine *m, unsigned lp, uint64_t lin, uint8_t *out,
			    const uint8_t *in, size_t len, enum seamless_mapped *end)
{
	struct vmx_lps *lps = processors(m);
	size_t done;
	bool held;

	*end = SEAMLESS_NO_GUEST;
	if (!vmx_probe_look(lps, lp, &held))
		return 0;
	done = copy_memory(lps, lp, lin, out, in, len, end);
	vmx_probe_looked(lps, lp);
	return done;
}

size_t seamless_debug_read(struct seamless_machine *m, unsigned lp, uint64_t lin, void *buf,
			   size_t len, enum seamless_mapped *end)
{
	return access_memory(m, lp, lin, buf, NULL, len, end);
}

size_t seamless_debug_write(struct seamless_machine *m, unsigned lp, uint64_t lin, const void *buf,
			    size_t len, enum seamless_mapped *end)
{
	return access_memory(m, lp, lin, NULL, buf, len, end);
}
