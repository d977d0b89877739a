// SPDX-License-Identifier: MIT
/*
 * Memory that is not there to be used: pages that the guest did not accept, which raise #VE or exit
 * as ATTRIBUTES.SEPT_VE_DISABLE, CONFIG_FLAGS.FLEXIBLE_PENDING_VE and TD_CTLS.PENDING_VE_DISABLE
 * say, and a shared address that is MMIO. Ends with PASS where such a page raises #VE; where it
 * exits, says so and uses one, which is the host's to end.
 */
#include "guest/guest.h"
#include "tdx/tdx.h"

#define VE_VECTOR 20
#define RET	  0xc3
#define PAGES	  0x900000ull
#define MMIO	  0xfed00000ull /* nothing is there: reads as all ones */

/* Exit qualification of an EPT violation. */
#define READ  1u
#define WRITE 2u
#define FETCH 4u

static struct tdg_vp_veinfo_get_out ve;
static volatile unsigned ves;

/* The instruction is executed again when this returns. */
static void on_pending(struct guest_frame *frame)
{
	uint64_t page;

	(void)frame;
	if (!tdx_status_ok(tdg_vp_veinfo_get(&ve)) ||
	    ve.exit_reason != TDX_EXIT_REASON_EPT_VIOLATION)
		guest_fail("not the #VE of a pending page");
	ves++;
	page = ve.gpa.value & ~(PAGE - 1);
	if (!tdx_status_ok(tdg_mem_page_accept(tdx_gpa(page), TDX_LEVEL_4K)))
		guest_fail("the page of the #VE can't be accepted");
	if (ve.exit_qualification & FETCH)
		*(uint8_t *)page = RET;
}

static void check_ve(uint64_t address, unsigned access, const char *what)
{
	__asm__ volatile("" : : : "memory"); /* the handler wrote what is looked at */
	check(ves == 1 && (ve.exit_qualification & 7) == access && ve.gla == address &&
		      ve.gpa.value == address,
	      what);
	ves = 0;
}

static void pending_pages_raise_ve(uint64_t page)
{
	volatile uint64_t *words = (volatile uint64_t *)page;

	check(!words[2], "a page that was not accepted is zero when it is");
	check_ve(page + 16, READ, "reading it was #VE, with its address, linear and physical");
	check(!words[3] && !ves, "once");
	page += PAGE;
	((volatile uint64_t *)page)[1] = 0x55aa;
	check_ve(page + 8, WRITE, "so was writing one");
	check(((volatile uint64_t *)page)[1] == 0x55aa, "which then was done");
	page += PAGE;
	((void (*)(void))page)();
	check_ve(page, FETCH, "and executing one");
}

static uint64_t field(uint64_t code)
{
	uint64_t value = 0;

	if (!tdx_status_ok(tdg_vm_rd(TDX_SELF, tdx_field(code), &value)))
		guest_fail("TDG.VM.RD");
	return value;
}

static bool disabled(void)
{
	return field(TDX_MD_TD_TD_CTLS) & TDX_TD_CTLS_PENDING_VE_DISABLE_MASK;
}

static tdx_status_t set_disabled(bool on)
{
	const uint64_t bit = TDX_TD_CTLS_PENDING_VE_DISABLE_MASK;

	return tdg_vm_wr(TDX_SELF, tdx_field(TDX_MD_TD_TD_CTLS), on ? bit : 0, tdx_mask(bit), NULL);
}

static void choice_is_the_guests(void)
{
	check(tdx_status_ok(set_disabled(true)) && disabled(), "the guest turns that off");
	check(tdx_status_ok(set_disabled(false)) && !disabled(), "and on");
	pending_pages_raise_ve(PAGES + 4 * PAGE);
	check(tdx_status_ok(set_disabled(true)), "and off");
}

static void choice_is_fixed(bool off)
{
	check(tdx_status_ok(set_disabled(off)), "what is so may be written");
	check(tdx_status_is(set_disabled(!off), TDX_METADATA_FIELD_VALUE_NOT_VALID) &&
		      disabled() == off,
	      "the guest can't change it");
}

/* ---- MMIO ---- */

static void on_mmio(struct guest_frame *frame)
{
	uint64_t value = 0;

	if (!tdx_status_ok(tdg_vp_veinfo_get(&ve)))
		guest_fail("#VE without information");
	ves++;
	if (!tdx_answer_ok(tdg_vp_vmcall_request_mmio(tdx_width(4), TDX_READ, ve.gpa, 0, &value)))
		guest_fail("the VMM refused MMIO");
	frame->rax = (uint32_t)value;
	frame->rip += 2; /* mov eax, [rdx] */
}

static void shared_mmio(void)
{
	uint32_t value = 0;

	guest_on(VE_VECTOR, on_mmio);
	__asm__ volatile(".byte 0x8b, 0x02" : "=a"(value) : "d"(SHARED_ALIAS + MMIO) : "memory");
	check(ves == 1 && ve.exit_reason == TDX_EXIT_REASON_EPT_VIOLATION &&
		      ve.gla == SHARED_ALIAS + MMIO && ve.gpa.value == (SHARED_BIT | MMIO),
	      "MMIO is #VE, whatever the TD says of pending pages");
	check(value == UINT32_MAX, "and the VMM serves it");
	ves = 0;
}

void guest_main(const struct guest_boot *boot)
{
	bool off = field(TDX_MD_TD_ATTRIBUTES) & TDX_TD_ATTRIBUTES_SEPT_VE_DISABLE_MASK;
	bool flexible = field(TDX_MD_TD_CONFIG_FLAGS) & TDX_CONFIG_FLAGS_FLEXIBLE_PENDING_VE_MASK;

	if (boot->vcpu)
		return;
	put("pending guest\n");
	check(disabled() == off, "TD_CTLS begins as the attributes say");
	shared_mmio();
	guest_on(VE_VECTOR, on_pending);
	if (!off)
		pending_pages_raise_ve(PAGES);
	if (flexible)
		choice_is_the_guests();
	else
		choice_is_fixed(off);
	put(disabled() ? "an exit is to come\n" : "PASS\n");
	if (disabled())
		(void)*(volatile uint64_t *)(PAGES + 8 * PAGE);
}
