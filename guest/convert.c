// SPDX-License-Identifier: MIT
/*
 * One vCPU turns single pages of large private pages into shared ones and back, while the others
 * use the neighbours of these pages: they must find what they wrote, and must not notice. Then one
 * page is turned many times, while another vCPU does nothing but look at its shared side.
 */
#include "guest/guest.h"
#include "tdx/tdx.h"

#define LARGE	    0x200000ull
#define FIRST	    0x1000000ull
#define LARGE_PAGES 16
#define CONVERTED   0x5000ull
#define TURNS	    100
#define STOP	    UINT64_MAX

static _Atomic unsigned here, accepted, done;
static _Atomic uint64_t turn;
static _Atomic unsigned saw;

static volatile uint64_t *word(unsigned large, uint64_t offset)
{
	return (volatile uint64_t *)(FIRST + large * LARGE + offset);
}

static void accept_all(void)
{
	for (unsigned i = 0; i < LARGE_PAGES; i++) {
		if (!tdx_status_ok(tdg_mem_page_accept(tdx_gpa(FIRST + i * LARGE), TDX_LEVEL_2M)))
			guest_fail("a 2 MiB page could not be accepted");
	}
	accepted = 1;
}

static void convert(unsigned large)
{
	uint64_t page = FIRST + large * LARGE + CONVERTED;
	volatile uint64_t *shared = (volatile uint64_t *)(SHARED_ALIAS + page);

	if (!tdx_answer_ok(tdg_vp_vmcall_map_gpa(tdx_gpa(page | SHARED_BIT), PAGE, NULL)))
		guest_fail("MapGPA to shared failed");
	*shared = large;
	if (*shared != large)
		guest_fail("the shared page lost what was written");
	if (!tdx_answer_ok(tdg_vp_vmcall_map_gpa(tdx_gpa(page), PAGE, NULL)) ||
	    !tdx_status_ok(tdg_mem_page_accept(tdx_gpa(page), TDX_LEVEL_4K)))
		guest_fail("the page did not become private again");
}

/* Each vCPU has its own word of each page. */
static void use_neighbours(unsigned vcpu)
{
	for (uint64_t round = 1; !done; round++) {
		for (unsigned i = 0; i < LARGE_PAGES; i++) {
			volatile uint64_t *mine = word(i, 0x100000 + 64 * vcpu);

			if (*mine != round - 1)
				guest_fail("a neighbour of a converted page lost what was written");
			*mine = round;
		}
	}
}

/* Each look may be a fault of this page, and of no other. */
static void look_at_one(void)
{
	const volatile uint64_t *shared = (volatile uint64_t *)(SHARED_ALIAS + FIRST + CONVERTED);
	uint64_t seen = 0, now;

	while ((now = turn) != STOP) {
		if (now == seen)
			continue;
		(void)*shared;
		seen = now;
		saw++;
	}
}

static void turn_one(void)
{
	for (unsigned i = 1; i <= TURNS; i++) {
		convert(0);
		turn = i;
		while (saw < i)
			;
	}
	turn = STOP;
}

void guest_main(const struct guest_boot *boot)
{
	here++;
	if (boot->vcpu) {
		while (!accepted)
			;
		use_neighbours(boot->vcpu);
		if (boot->vcpu == 1)
			look_at_one();
		return;
	}
	while (here < 3)
		;
	accept_all();
	for (unsigned i = 0; i < LARGE_PAGES; i++)
		convert(i);
	done = 1;
	turn_one();
	put("PASS\n");
}
