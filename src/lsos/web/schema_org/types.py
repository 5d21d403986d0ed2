"""schema.org's LocalBusiness and its subtypes: which types of a node make it a local business.

Version 29 of the vocabulary, written from memory and not generated from its files; of several
parents, only those below LocalBusiness are listed.
"""

ROOT = "LocalBusiness"

_CHILDREN = {
    "LocalBusiness": (
        "AnimalShelter ArchiveOrganization AutomotiveBusiness ChildCare Dentist "
        "DryCleaningOrLaundry EmergencyService EmploymentAgency EntertainmentBusiness "
        "FinancialService FoodEstablishment GovernmentOffice HealthAndBeautyBusiness "
        "HomeAndConstructionBusiness InternetCafe LegalService Library LodgingBusiness "
        "MedicalBusiness ProfessionalService RadioStation RealEstateAgent RecyclingCenter "
        "SelfStorage ShoppingCenter SportsActivityLocation Store TelevisionStation "
        "TouristInformationCenter TravelAgency"
    ),
    "AutomotiveBusiness": (
        "AutoBodyShop AutoDealer AutoPartsStore AutoRental AutoRepair AutoWash GasStation "
        "MotorcycleDealer MotorcycleRepair"
    ),
    "EmergencyService": "FireStation Hospital PoliceStation",
    "EntertainmentBusiness": (
        "AdultEntertainment AmusementPark ArtGallery Casino ComedyClub MovieTheater NightClub"
    ),
    "FinancialService": "AccountingService AutomatedTeller BankOrCreditUnion InsuranceAgency",
    "FoodEstablishment": (
        "Bakery BarOrPub Brewery CafeOrCoffeeShop Distillery FastFoodRestaurant IceCreamShop "
        "Restaurant Winery"
    ),
    "GovernmentOffice": "PostOffice",
    "HealthAndBeautyBusiness": ("BeautySalon DaySpa HairSalon HealthClub NailSalon TattooParlor"),
    "HomeAndConstructionBusiness": (
        "Electrician GeneralContractor HVACBusiness HousePainter Locksmith MovingCompany Plumber "
        "RoofingContractor"
    ),
    "LegalService": "Attorney Notary",
    "LodgingBusiness": ("BedAndBreakfast Campground Hostel Hotel Motel Resort VacationRental"),
    "Resort": "SkiResort",
    "MedicalBusiness": (
        "CommunityHealth Dentist Dermatology DietNutrition Emergency Geriatric Gynecologic "
        "MedicalClinic Midwifery Nursing Obstetric Oncologic Optician Optometric "
        "Otolaryngologic Pediatric Pharmacy Physician Physiotherapy PlasticSurgery Podiatric "
        "PrimaryCare Psychiatric PublicHealth"
    ),
    "MedicalClinic": "CovidTestingFacility",
    "Physician": "IndividualPhysician PhysiciansOffice",
    "SportsActivityLocation": (
        "BowlingAlley ExerciseGym GolfCourse HealthClub PublicSwimmingPool SkiResort SportsClub "
        "StadiumOrArena TennisComplex"
    ),
    "Store": (
        "AutoPartsStore BikeStore BookStore ClothingStore ComputerStore ConvenienceStore "
        "DepartmentStore ElectronicsStore Florist FurnitureStore GardenStore GroceryStore "
        "HardwareStore HobbyShop HomeGoodsStore JewelryStore LiquorStore MensClothingStore "
        "MobilePhoneStore MovieRentalStore MusicStore OfficeEquipmentStore OutletStore PawnShop "
        "PetStore ShoeStore SportingGoodsStore TireShop ToyStore WholesaleStore"
    ),
}


def _parents() -> dict[str, tuple[str, ...]]:
    parents: dict[str, tuple[str, ...]] = {ROOT: ()}
    for parent, children in _CHILDREN.items():
        for child in children.split():
            parents[child] = (*parents.get(child, ()), parent)
    return parents


PARENTS = _parents()
"""Each LocalBusiness type with its parents within LocalBusiness; the root has none."""

LOCAL_BUSINESS_TYPES = frozenset(PARENTS)

_ORGANIZATIONS = (
    "Organization Airline Consortium Cooperative Corporation EducationalOrganization "
    "CollegeOrUniversity School Preschool ElementarySchool MiddleSchool HighSchool "
    "FundingScheme GovernmentOrganization LibrarySystem MedicalOrganization DiagnosticLab "
    "VeterinaryCare NewsMediaOrganization NGO OnlineBusiness OnlineStore PerformingGroup "
    "DanceGroup MusicGroup TheaterGroup PoliticalParty Project FundingAgency ResearchProject "
    "ResearchOrganization SearchRescueOrganization SportsOrganization SportsTeam WorkersUnion"
)

ORGANIZATION_TYPES = LOCAL_BUSINESS_TYPES | frozenset(_ORGANIZATIONS.split())
"""Organization and its subtypes, including the local businesses."""
