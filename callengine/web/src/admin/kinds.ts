// The kinds of organisation, in the order in which they are offered.

export const KINDS = ["management_company", "water_utility", "heat_utility", "power_utility", "gas_utility", "utility", "lift_company", "intercom_company", "waste_operator", "street_lighting", "road_service", "municipality", "inspectorate", "contact_centre", "emergency_112", "gas_emergency_104", "police"];
